/** How we read what other nodes wrote: as tolerantly as Go does, and both spellings where the specification and the FLUIDOS node differ. */
import { z } from 'zod';
import { canonical, parseQuantity } from '../domain/quantity.ts';
import { isRecord } from './json.ts';

/** Long enough for any name that REAR knows; a longer text is an attack. */
const TEXT_LIMIT = 4096;

/**
 * An object as Go decodes it: keys match without case, unknown keys are ignored, `null` is absent, absent is empty. `aliases` gives other
 * spellings of a key; the key itself wins over them.
 */
export const goObject = <S extends z.ZodRawShape>(shape: S, aliases: Readonly<Record<string, keyof S & string>> = {}) => {
  const exact = new Set(Object.keys(shape));
  const names = new Map(Object.keys(shape).map((key) => [key.toLowerCase(), key]));
  const others = new Map(Object.entries(aliases).map(([alias, key]) => [alias.toLowerCase(), key]));
  // Every key is there for the schema, so that each decides itself what absence means.
  const absent: Readonly<Record<string, unknown>> = Object.fromEntries(Object.keys(shape).map((key) => [key, undefined]));
  return z.preprocess((value) => {
    if (value === null || value === undefined) return absent;
    if (!isRecord(value)) return value;
    const read: Record<string, unknown> = { ...absent };
    for (const key of Object.keys(value)) {
      const name = exact.has(key) ? key : names.get(key.toLowerCase());
      if (name !== undefined && value[key] !== null) read[name] = value[key];
    }
    if (others.size === 0) return read;
    for (const key of Object.keys(value)) {
      const name = exact.has(key) ? undefined : others.get(key.toLowerCase());
      if (name !== undefined && read[name] === undefined && value[key] !== null) read[name] = value[key];
    }
    return read;
  }, z.object(shape));
};

/** A text; numbers are taken too, since some sellers write coordinates and prices bare. */
export const text = z
  .union([z.string().max(TEXT_LIMIT), z.number().transform(String)])
  .optional()
  .transform((value) => value ?? '');

/** A text that must not be missing. */
export const strictText = z
  .string()
  .max(TEXT_LIMIT)
  .optional()
  .transform((value) => value ?? '');

/** What most quantities look like: nothing to do. */
const ALREADY_CANONICAL = /^(0|[1-9]\d{0,2}(m|k|M|G|Ki|Mi|Gi)?)$/;

/** A Kubernetes quantity: a string, a bare number, or nothing (zero). Answers its canonical spelling. */
export const quantity = z
  .union([z.string().max(64), z.number()])
  .optional()
  .transform((value, context) => {
    const written = value === undefined ? '0' : String(value);
    if (ALREADY_CANONICAL.test(written)) return written;
    if (parseQuantity(written) === undefined) {
      context.issues.push({ code: 'custom', message: 'not a quantity', input: value });
      return z.NEVER;
    }
    return canonical(written);
  });

/** A whole number; fractions, which Go would refuse, are rounded up. Nothing that REAR counts comes near the bound. */
export const whole = z
  .number()
  .min(-1e12)
  .max(1e12)
  .optional()
  .transform((value) => Math.ceil(value ?? 0));

/** A list; `null` and nothing are the empty one. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .max(10_000)
    .nullish()
    .transform((value) => value ?? []);

/** An object of somebody else's making, kept as it is. */
export const opaque = z.custom<Readonly<Record<string, unknown>>>(isRecord, 'not an object');

const HALF_CHARACTER = /\p{Surrogate}/u;
const isWhole = (value: unknown): boolean => {
  if (typeof value === 'string') return !HALF_CHARACTER.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, each]) => isWhole(name) && isWhole(each));
};

/** One that is signed: half of a surrogate pair has no canonical form (RFC 8785, section 3.2.2.2), and no database keeps it as it was. */
export const opaqueSigned = opaque.refine(isWhole, 'half of a character');

/** The first thing that is wrong, as `path: what`, without values: it may be shown to anybody. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'unreadable' : `${issue.path.map(String).join('.') || 'it'}: ${issue.message}`.slice(0, 300);
}

export type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Drops the keys whose value is undefined. */
export const compact = <T extends object>(value: T): Compact<T> =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Compact<T>;
