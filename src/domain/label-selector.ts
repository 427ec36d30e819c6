/** A label selector as `kubectl -l` takes it, without sets: `key`, `!key`, `key=value`, `key!=value`, with commas between; none of them selects everything. */
const REQUIREMENT = /^(!?)([A-Za-z0-9][-A-Za-z0-9_./]{0,316})(?:(!=|==?)([-A-Za-z0-9_.]{0,63}))?$/;

export type LabelSelector = (labels: Readonly<Record<string, string>>) => boolean;

/** Reads a selector; `undefined` when it is none. */
export function parseSelector(text: string): LabelSelector | undefined {
  const requirements: LabelSelector[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (part === '') continue;
    const found = REQUIREMENT.exec(part);
    if (!found) return undefined;
    const [, not, key = '', operator, value = ''] = found;
    if (operator === undefined) requirements.push((labels) => (labels[key] !== undefined) === (not === ''));
    else if (not !== '') return undefined;
    else requirements.push((labels) => (labels[key] === value) === (operator !== '!='));
  }
  return (labels) => requirements.every((holds) => holds(labels));
}
