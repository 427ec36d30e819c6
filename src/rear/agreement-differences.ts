/** Where a contract's file says something else than what was signed, or more. */
import canonicalize from 'canonicalize';

/** A member that differs: its path from the terms on, and both values; `undefined` where it is absent. */
interface Difference {
  readonly path: string;
  readonly signed: unknown;
  readonly said: unknown;
}

type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;
/** Own members alone: a file may have one called `__proto__`. */
const memberOf = (value: Members, name: string): unknown => (Object.hasOwn(value, name) ? value[name] : undefined);
const under = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Deeper than any contract; what differs below is told as a whole. */
const DEEPEST = 30;

/** The members that differ, as deep within the document as can be told. */
export function differing(signed: unknown, said: unknown, path = '', depth = 0): readonly Difference[] {
  if (isObject(signed) && isObject(said) && Array.isArray(signed) === Array.isArray(said) && depth < DEEPEST) {
    const names = [...new Set([...Object.keys(signed), ...Object.keys(said)])];
    return names.flatMap((name) => differing(memberOf(signed, name), memberOf(said, name), under(path, name), depth + 1));
  }
  return canonicalize(signed) === canonicalize(said) ? [] : [{ path, signed, said }];
}

/** So many are named; a file may have thousands. */
const MOST_NAMED = 5;
const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text);
const valueWords = (value: unknown): string => (value === undefined ? 'nothing' : shortened(JSON.stringify(value), 80));
const several = (named: readonly string[]): string =>
  named.slice(0, MOST_NAMED).join('; ') + (named.length > MOST_NAMED ? `; and ${named.length - MOST_NAMED} more` : '');

export const membersWords = (paths: readonly string[]): string => several(paths.map((path) => shortened(path, 120)));
export const differencesWords = (found: readonly Difference[]): string =>
  several(
    found.map(({ path, signed, said }) => `${shortened(path || 'all', 120)} is ${valueWords(said)}, signed was ${valueWords(signed)}`),
  );
