import { z } from 'zod';
import { prototypeKeys } from './json.ts';
import { nearestName } from './nearest.ts';

/** One thing that is wrong with an input: where, and what. */
export interface WrongField {
  /** `flavors[2].price.amount`; empty for the whole. */
  readonly field: string;
  readonly problem: string;
}

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly wrong: readonly WrongField[] };

/** Of a field that the schema does not have; a hint may follow. */
export const UNKNOWN_FIELD = 'is not a known field';
/** Unknown fields of one object that are told, and those of one input that get a hint: each hint is a walk through the schema, and an input may have tens of thousands. */
const MOST_UNKNOWN = 50;
const MOST_HINTS = 50;

/**
 * Parses an input, or names every wrong field at once, of unknown ones the first 50 of each object, with the nearest known name of the first 50. `hints: false` for strangers, who are not helped.
 */
export function checked<S extends z.ZodType>(schema: S, input: unknown, { hints = true } = {}): Checked<z.output<S>> {
  const result = schema.safeParse(input, { error: words });
  const lost = prototypeKeys(input).map((path) => ({
    field: fieldPath(path),
    problem: 'cannot be a name here: it would be lost on the way',
  }));
  if (result.success) return lost.length === 0 ? { ok: true, value: result.data } : { ok: false, wrong: lost };
  let left = hints ? MOST_HINTS : 0;
  const hintOf: Hint = (key, path) => (left-- > 0 ? hintAt(knownOf(schema), key, path) : '');
  const seen = new Set<string>();
  const told = result.error.issues.flatMap((issue) => described(issue, [], hintOf));
  const places = new Set(told.map(({ field }) => field));
  const wrong = [...told, ...lost.filter(({ field }) => !places.has(field))].filter(({ field, problem }) => {
    const line = `${field}\n${problem}`;
    return seen.has(line) ? false : seen.add(line);
  });
  return { ok: false, wrong };
}

/** A schema's JSON Schema costs milliseconds, and anybody may send nonsense: it is made once. */
const schemas = new WeakMap<z.ZodType, Known>();
const knownOf = (schema: z.ZodType): Known => {
  const made = schemas.get(schema) ?? z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  schemas.set(schema, made);
  return made;
};

/** `a.b[0].c`; keys that are not plain words stand in quotes. */
export const fieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const name = String(key).slice(0, 100);
    const plain = /^[A-Za-z_$][\w$-]*$/.test(name);
    return plain ? (text === '' ? name : `${text}.${name}`) : `${text}[${JSON.stringify(name)}]`;
  }, '');

type Issue = z.core.$ZodIssue;
type Known = z.core.JSONSchema.BaseSchema;

/** What a field that nobody knows was probably meant to be, behind a semicolon; may be empty. */
type Hint = (key: string, path: readonly PropertyKey[]) => string;
const hintAt = (known: Known, key: string, path: readonly PropertyKey[]): string => {
  const names = namesAt(known, path);
  const near = nearestName(key, names) ?? elsewhere(key, known, path);
  if (near) return `; did you mean ${near}?`;
  return names.length > 0 ? `; known here: ${names.slice(0, 20).join(', ')}` : '';
};

function described(issue: Issue, above: readonly PropertyKey[], hintOf: Hint): readonly WrongField[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, MOST_UNKNOWN)
      .map((key) => ({ field: fieldPath([...path, key]), problem: `${UNKNOWN_FIELD}${hintOf(key, path)}` }));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const least = [...issue.errors].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
    if (least.length > 0 && depth(least) > 0) return least.flatMap((inner) => described(inner, path, hintOf));
  }
  return [{ field: fieldPath(path), problem: issue.message }];
}

const depth = (issues: readonly Issue[]): number =>
  Math.max(0, ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)));

/** A place of the schema with all that it may be instead. */
const branches = (node: Known): readonly Known[] =>
  [node, ...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])].filter((item): item is Known => typeof item === 'object');

/** The names that are known at a place of the schema. */
function namesAt(schema: Known, path: readonly PropertyKey[]): readonly string[] {
  let here: readonly Known[] = branches(schema);
  for (const key of path) {
    const next = here.flatMap((node) => {
      if (typeof key === 'number') return Array.isArray(node.items) ? [] : [node.items];
      return [node.properties?.[String(key)] ?? node.additionalProperties];
    });
    here = next.flatMap((node) => (typeof node === 'object' ? branches(node as Known) : []));
  }
  return here.flatMap((node) => Object.keys(node.properties ?? {}));
}

/** A known name at another place, for a field that was written in the wrong one: from here when it is further down, else in full. */
function elsewhere(key: string, known: Known, path: readonly PropertyKey[]): string | undefined {
  const places: { readonly name: string; readonly path: readonly string[] }[] = [];
  const walk = (node: Known, above: readonly string[]): void => {
    if (above.length > 6) return;
    for (const [name, value] of branches(node).flatMap(({ properties }) => Object.entries(properties ?? {}))) {
      places.push({ name, path: [...above, name] });
      if (typeof value === 'object') walk(value as Known, [...above, name]);
    }
  };
  walk(known, []);
  const name = nearestName(
    key,
    places.map((place) => place.name),
  );
  const place = places.find((candidate) => candidate.name === name)?.path;
  if (!place) return undefined;
  const below = path.every((step, i) => step === place[i]);
  return fieldPath(below ? place.slice(path.length) : place);
}

const QUOTED = 60;
/** Of a Secret, a ConfigMap or a service: whoever writes `stringData: hunter2` must not read it in a log or a history. */
const CONFIDENTIAL: ReadonlySet<PropertyKey> = new Set(['data', 'stringData', 'binaryData', 'configuration']);
/** What expects parts is never quoted either: a text in its place may be a whole manifest. */
const OF_PARTS: ReadonlySet<string> = new Set(['object', 'record', 'array']);

/** What was found instead, in its own words where they are nobody's secret. */
const shown = (value: unknown, quoting: boolean): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (!quoting) return TYPES[typeof value] ?? 'something else';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
};
const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const isQuotable = ({ path }: { readonly path?: readonly PropertyKey[] | undefined }): boolean =>
  !(path ?? []).some((key) => CONFIDENTIAL.has(key));

/** Plain words for what zod found; a schema's own message wins over these. */
const words: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return 'is missing';
    const expected = TYPES[issue.expected] ?? issue.expected;
    return `must be ${expected}, not ${shown(issue.input, isQuotable(issue) && !OF_PARTS.has(issue.expected))}`;
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const choice = values.length === 1 ? values.join() : `one of ${values.join(', ')}`;
    if (issue.input === undefined) return `is missing; must be ${choice}`;
    const near = typeof issue.input === 'string' ? nearestName(issue.input, values) : undefined;
    return `must be ${choice}, not ${shown(issue.input, isQuotable(issue))}${near && values.length > 1 ? `; did you mean ${near}?` : ''}`;
  }
  if (issue.code === 'invalid_format' && issue.format === 'datetime')
    return `must be an RFC 3339 time such as 2030-01-31T18:00:00Z, not ${shown(issue.input, isQuotable(issue))}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === 'invalid_union' && issue.input === undefined) return 'is missing';
  return undefined;
};
const unit = (origin: string): string => (origin === 'string' ? ' characters long' : origin === 'array' ? ' items long' : '');
