import { isRecord } from './json.ts';

const LONGEST_SHOWN = 40;
/** What a FLUIDOS node takes for the value of a name. */
const NAMED = /^\s*\.([A-Za-z_][A-Za-z0-9_]*)\s*$/;
/** What our own blueprints take for a value. */
const PLACE = /\$\{[^{}]*\}/g;

interface Translated {
  readonly value?: unknown;
  /** Where, and what is not understood. */
  readonly wrong?: string;
}

/**
 * A manifest of Go templates as one of our own: `{{ .name }}` becomes `${name}`, what looks like ours stays text, and `names` learns the names. Everything else of Go's templates is refused, since no template is run
 * here: a condition, a pipeline, a function, a field of a field, a key that is made of a value.
 */
export function translated(value: unknown, names: Set<string>, path = ''): Translated {
  if (typeof value === 'string') return text(value, names, path);
  if (Array.isArray(value)) {
    const all = value.map((each, index) => translated(each, names, `${path}[${index}]`));
    return all.find(({ wrong }) => wrong !== undefined) ?? { value: all.map((each) => each.value) };
  }
  if (!isRecord(value)) return { value };
  const entries: [string, unknown][] = [];
  for (const [key, each] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (key.includes('{{')) return { wrong: `${at.slice(0, 200)}: no value may stand in a key` };
    const read = translated(each, names, at);
    if (read.wrong !== undefined) return read;
    entries.push([key, read.value]);
  }
  return { value: Object.fromEntries(entries) };
}

function text(written: string, names: Set<string>, path: string): Translated {
  const at = path.slice(0, 200);
  const parts: string[] = [];
  for (let rest = written; ; ) {
    const open = rest.indexOf('{{');
    const before = open < 0 ? rest : rest.slice(0, open);
    parts.push(before.replaceAll(PLACE, (found) => `$${found}`));
    if (open < 0) return { value: parts.join('') };
    const close = rest.indexOf('}}', open);
    const action = close < 0 ? rest.slice(open) : rest.slice(open, close + 2);
    const name = close < 0 ? undefined : NAMED.exec(action.slice(2, -2))?.[1];
    if (name === undefined) return { wrong: `${at}: ${action.slice(0, LONGEST_SHOWN)} is not understood; {{ .name }} alone is` };
    // It would read as our way to write what is no value.
    if (before.endsWith('$')) return { wrong: `${at}: no $ may stand before ${action.slice(0, LONGEST_SHOWN)}` };
    names.add(name);
    parts.push(`\${${name}}`);
    rest = rest.slice(close + 2);
  }
}
