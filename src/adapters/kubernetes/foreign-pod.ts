import { z } from 'zod';
import { Unbelievable } from './bounds.ts';
import { OURS } from './labels.ts';
import type { PodObject } from './objects.ts';

const LONGEST_WORDS = 300;
/** More than any pod has; the rest is passed over. */
const MOST_PARTS = 100;

const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
/** For a person: no control characters, no half of a character at the cut, and short. */
const words = z
  .string()
  .transform((text) => text.slice(0, LONGEST_WORDS).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, ' '))
  .nullish();
const mark = z.string().max(63).nullish();
const parts = <T extends z.ZodType>(part: T) =>
  z
    .array(z.unknown())
    .transform((all) => all.slice(0, MOST_PARTS))
    .pipe(z.array(part))
    .nullish();

const schema = z.object({
  metadata: z.object({
    name,
    deletionTimestamp: z.string().max(40).nullish(),
    labels: z.object({ [OURS.manifest]: mark, [OURS.acquisition]: mark, [OURS.intent]: mark }).nullish(),
  }),
  spec: z.object({ nodeName: name.nullish() }).nullish(),
  status: z
    .object({
      phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']).nullish(),
      message: words,
      reason: words,
      conditions: parts(
        z.object({
          type: z.string().max(316),
          status: z.string().max(20),
          message: words,
          lastTransitionTime: z.string().max(40).nullish(),
        }),
      ),
      containerStatuses: parts(z.object({ state: z.object({ waiting: z.object({ reason: words, message: words }).nullish() }).nullish() })),
    })
    .nullish(),
});

/** Without what is `null` or missing. */
function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** As much of a pod at a seller's as a person and `healthOf` need: name, node, phase and short words. Anything else is {@link Unbelievable}. */
export function foreignPod(object: unknown): PodObject {
  const read = schema.safeParse(object);
  if (!read.success) throw new Unbelievable(`what it calls a pod is none (${read.error.issues[0]?.path.join('.') ?? ''})`);
  const { metadata, spec, status } = read.data;
  const { conditions, containerStatuses, ...said } = status ?? {};
  return {
    metadata: {
      name: metadata.name,
      labels: present(metadata.labels ?? {}) as Readonly<Record<string, string>>,
      ...present({ deletionTimestamp: metadata.deletionTimestamp }),
    },
    spec: present({ nodeName: spec?.nodeName }),
    status: {
      ...present(said),
      conditions: (conditions ?? []).map(({ type, status: value, ...more }) => ({ type, status: value, ...present(more) })),
      containerStatuses: (containerStatuses ?? []).map(({ state }) => ({
        state: state?.waiting ? { waiting: present(state.waiting) } : {},
      })),
    },
  };
}
