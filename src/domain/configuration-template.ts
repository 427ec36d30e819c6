import { z } from 'zod';
import { nearestName } from './nearest.ts';
import { fieldPath } from './wrong-fields.ts';

type Json = Readonly<Record<string, unknown>>;

/** Deeper ones say nothing about a configuration that a person writes. */
const MOST_DEPTH = 16;
const LONGEST_PATTERN = 200;
/** What an expression is tried on. */
const LONGEST_MATCHED = 256;
const MOST_PROBLEMS = 10;

/**
 * What a flavor's template (JSON Schema, draft-07) does not take in a configuration, a line each; empty when it takes it. The template is another owner's and the configuration may hold secrets: nothing
 * that could run for ever is evaluated, and no value is quoted. A template that cannot be read is the one problem.
 */
export function configurationProblems(template: Json, configuration: Json): readonly string[] {
  const unsafe = unsafeIn(template, 0);
  if (unsafe !== undefined) return [`cannot be checked: its template has ${unsafe}`];
  let issues: readonly z.core.$ZodIssue[];
  try {
    const schema = z.fromJSONSchema(template as Parameters<typeof z.fromJSONSchema>[0]);
    if (hasExpressions(template) && hasLongText(configuration))
      return [`configuration has a text of more than ${LONGEST_MATCHED} characters, and its template has expressions`];
    const result = schema.safeParse(configuration);
    issues = result.success ? [] : result.error.issues;
  } catch (error) {
    return [`cannot be checked: its template cannot be read (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'})`];
  }
  return issues.flatMap((issue) => described(issue, template)).slice(0, MOST_PROBLEMS);
}

function described(issue: z.core.$ZodIssue, template: Json): readonly string[] {
  const here = (path: readonly PropertyKey[]): string => fieldPath(['configuration', ...path]);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const near =
        issue.path.length === 0 ? nearestName(key, Object.keys(isObject(template['properties']) ? template['properties'] : {})) : undefined;
      return `${here([...issue.path, key])} is not a known field${near ? `; did you mean ${near}?` : ''}`;
    });
  if (issue.code === 'invalid_type') return [`${here(issue.path)} must be of type ${issue.expected}`];
  if (issue.code === 'invalid_value') return [`${here(issue.path)} must be one of ${issue.values.map(String).join(', ').slice(0, 200)}`];
  if (issue.code === 'too_small') return [`${here(issue.path)} must be at least ${issue.minimum}`];
  if (issue.code === 'too_big') return [`${here(issue.path)} must be at most ${issue.maximum}`];
  if (issue.code === 'invalid_format')
    return [`${here(issue.path)} must match ${(issue.pattern ?? issue.format).slice(0, LONGEST_PATTERN)}`];
  return [`${here(issue.path)} is not what the template takes`];
}

/** What of a template may take for ever, in words: references (they may multiply), expressions that go back, and what is very deep. */
function unsafeIn(value: unknown, depth: number, key = ''): string | undefined {
  if (depth > MOST_DEPTH) return `more than ${MOST_DEPTH} levels`;
  if (key === 'pattern' && typeof value === 'string' && !isPlain(value)) return 'an expression that may take for ever';
  if (Array.isArray(value))
    return firstOf(
      value.map((each) => [each, ''] as const),
      depth,
    );
  if (!isObject(value)) return undefined;
  if (value['$ref'] !== undefined || value['$dynamicRef'] !== undefined) return 'a reference';
  if (isObject(value['patternProperties']) && !Object.keys(value['patternProperties']).every(isPlain))
    return 'an expression that may take for ever';
  return firstOf(
    Object.entries(value).map(([name, each]) => [each, name] as const),
    depth,
  );
}

function firstOf(parts: readonly (readonly [unknown, string])[], depth: number): string | undefined {
  for (const [part, name] of parts) {
    const unsafe = unsafeIn(part, depth + 1, name);
    if (unsafe !== undefined) return unsafe;
  }
  return undefined;
}

/** An expression without groups that repeat, choices and references back, and with three repetitions at most (options are some) of which two are long, takes little more than the square of a text. */
function isPlain(pattern: string): boolean {
  if (pattern.length > LONGEST_PATTERN || /\\[1-9]|\\k/.test(pattern)) return false;
  // What is escaped or within brackets repeats nothing.
  const bare = pattern.replaceAll(/\\[^]|\[(?:\\[^]|[^\]\\])*\]/g, 'x');
  const repetitions = bare.match(/[*+?]|\{\d+,\d*\}/g) ?? [];
  const long = repetitions.filter((each) => each !== '?' && !/,\d{1,2}\}$/.test(each));
  return !/\||\)[*+{?]/.test(bare) && repetitions.length <= 3 && long.length <= 2;
}

/** Whether a template has expressions at all. */
const hasExpressions = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.some(hasExpressions)
    : isObject(value) &&
      (value['pattern'] !== undefined || value['patternProperties'] !== undefined || Object.values(value).some(hasExpressions));

const hasLongText = (value: unknown): boolean =>
  typeof value === 'string'
    ? value.length > LONGEST_MATCHED
    : Array.isArray(value)
      ? value.some(hasLongText)
      : isObject(value) && Object.entries(value).some(([key, each]) => key.length > LONGEST_MATCHED || hasLongText(each));

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
