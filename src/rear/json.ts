/** JSON as Go's decoder and encoder treat it, since FLUIDOS nodes are written in Go. */

/** A body that is not JSON, in the words of Go's decoder. */
export class JsonFault extends Error {}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Where the first JSON container of a text ends; `undefined` when it never does. Throws when it nests too deep. */
function endOfContainer(text: string, start: number, maxDepth: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      // To the closing quote: one that an even number of backslashes precedes.
      for (;;) {
        at = text.indexOf('"', at + 1);
        if (at < 0) return undefined;
        let slashes = 0;
        while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
        if (slashes % 2 === 0) break;
      }
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > maxDepth) throw new JsonFault('exceeded max depth');
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

/**
 * Reads the first JSON value of a body and ignores what follows it, as Go's decoder does; refuses deep nesting (64 levels, where REAR
 * needs about 12), so that nothing behind it can overflow a stack. Throws {@link JsonFault}.
 */
export function firstJson(text: string, maxDepth = 64): unknown {
  const start = /\S/.exec(text)?.index;
  if (start === undefined) throw new JsonFault('EOF');
  const first = text.charCodeAt(start);
  let body = text;
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    const end = endOfContainer(text, start, maxDepth);
    if (end === undefined) throw new JsonFault('unexpected EOF');
    body = text.slice(start, end);
  }
  try {
    return JSON.parse(body);
  } catch {
    throw new JsonFault(`invalid character ${JSON.stringify(text[start] ?? '')} looking for beginning of value`);
  }
}

const ESCAPES = [
  ['<', '\\u003c'],
  ['>', '\\u003e'],
  ['&', '\\u0026'],
  ['\u2028', '\\u2028'],
  ['\u2029', '\\u2029'],
] as const;

/** Go's HTML escaping of a text of JSON; one that is escaped stays as it is. */
function escaped(text: string): string {
  let safe = text;
  // Most texts have none of them: looking for one character goes at memory's speed, and a long list is thousands of texts.
  for (const [character, escape] of ESCAPES) if (safe.includes(character)) safe = safe.replaceAll(character, escape);
  return safe;
}

/** Writes compact JSON with Go's HTML escaping and no trailing newline; keys in the order in which they were put in. */
export const encode = (value: unknown): string => escaped(JSON.stringify(value));

/** Writes a part that many values share as {@link encode} does: its text is kept for as long as the part lives. */
export function writtenOnce<T extends object>(write: (part: T) => unknown): (part: T) => string {
  const texts = new WeakMap<T, string>();
  return (part) => {
    const known = texts.get(part);
    if (known !== undefined) return known;
    const text = encode(write(part));
    texts.set(part, text);
    return text;
  };
}

/** An opaque value with its maps sorted by key, as Go writes maps. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key])]));
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Go's `omitempty`: the key is absent for `""`, `0`, `false`, nothing, and empty maps and lists. */
export function omitEmpty<T>(key: string, value: T): Record<string, T> {
  const empty =
    value === undefined ||
    value === null ||
    value === '' ||
    value === 0 ||
    value === false ||
    (Array.isArray(value) && value.length === 0) ||
    (isRecord(value) && Object.keys(value).length === 0);
  return empty ? {} : { [key]: value };
}

/** Go writes a nil slice as `null`. */
export const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);
