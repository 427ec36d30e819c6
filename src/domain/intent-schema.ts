import { z } from 'zod';
import { currency as isoCurrency } from './currency.ts';
import { parseDuration } from './duration.ts';
import { BLUEPRINT_KINDS } from './flavor.ts';
import { DNS_LABEL } from './ids.ts';
import { PERIODS, parseAmount } from './money.ts';
import { isExtendedResource } from './gpu.ts';
import { nanos } from './quantity.ts';
import { TAKEN_POLICIES } from './service-request.ts';
import { WorkloadManifest, amount } from './workload-schema.ts';

/**
 * The Intent document as people write it. Nothing is converted here, so that the OpenAPI document can be generated from it and documents
 * can be kept as they were written; `reduceIntent` brings one to lowest terms.
 */

/** Intents, manifests included, ride in one Temporal payload. */
export const MOST_INTENT_BYTES = 262_144;
const MOST_MANIFESTS = 50;
const MOST_SERVICES = 10;

const more = (words: string) => amount.refine((value) => nanos(String(value)) > 0n, { error: `must be more than 0${words}` });

const duration = z.string().refine((text) => parseDuration(text) !== undefined, {
  error: 'must be a duration such as 90s, 10m or 1h30m, at most 3650d',
});
/** A decimal of more than nothing; YAML writes plain ones as numbers. */
const moneyAmount = z
  .union([z.string(), z.number()], { error: (issue) => (issue.input === undefined ? undefined : 'must be a decimal such as "0.25"') })
  .refine((value) => (parseAmount(String(value)) ?? 0n) > 0n, {
    error: 'must be a decimal of more than 0 such as "0.25", of at most 18 digits before and 12 behind the point; put it in quotes',
  });
const currency = isoCurrency.describe('An ISO 4217 code. Compared with the flavor’s without case, never converted.');

/** Of a minute: whoever names more has mistaken the unit. */
const MOST_LATENCY_MS = 60_000;
const LATENCY_WORDS = 'must be a number of milliseconds, or a duration such as 20ms, from 0 to a minute';
/** A limit on latency in milliseconds; `undefined` when it is none. */
export function latencyMs(value: string | number): number | undefined {
  const ms = typeof value === 'string' ? parseDuration(value) : value;
  return ms !== undefined && ms >= 0 && ms <= MOST_LATENCY_MS ? ms : undefined;
}

const wholePods = amount.refine((value) => nanos(String(value)) > 0n && nanos(String(value)) % 10n ** 9n === 0n, {
  error: 'must be a whole number of pods, at least 1',
});
/** How much to acquire. */
export const IntentResources = z
  .strictObject({
    cpu: more('').optional(),
    memory: more('').optional(),
    pods: wholePods.optional(),
    storage: amount.optional().describe('Ephemeral storage.'),
    gpu: z
      .strictObject({
        count: z.number().int().min(1).max(10_000).optional().describe('How many; what the pods of the manifests ask for when absent.'),
        model: z.string().trim().min(1).max(100).optional().describe('A part of the model’s name, such as `A100`; compared without case.'),
        memory: more('').optional().describe('Of each at least.'),
        resource: z
          .string()
          .refine(isExtendedResource, { error: 'must be an extended resource such as nvidia.com/gpu' })
          .optional()
          .describe('By which pods get one; what the pods of the manifests ask for when absent, else any.'),
      })
      .optional()
      .describe('GPUs: all of one model.'),
    architecture: z
      .enum(['amd64', 'arm64', 'arm', '386', 'ppc64le', 's390x', 'riscv64', 'loong64', 'mips64le'])
      .optional()
      .describe('As Kubernetes spells it in `kubernetes.io/arch`; any when absent.'),
  })
  .describe(
    'Needed with workload.namespace (cpu, memory and pods). With manifests: at least the sum of what their pods ask for, which is the default.',
  );
export type IntentResources = z.infer<typeof IntentResources>;

/** What may be bought. */
const limits = z
  .strictObject({
    price: z
      .strictObject({ amount: moneyAmount, currency, period: z.enum(PERIODS).default('hourly') })
      .optional()
      .describe('The most that the bought part may cost. Flavors without a price, or of another currency, are then passed by.'),
    latency: z
      .union([z.number(), z.string()], { error: (issue) => (issue.input === undefined ? undefined : LATENCY_WORDS) })
      .refine((value) => latencyMs(value) !== undefined, { error: LATENCY_WORDS })
      .optional()
      .describe('The most that the seller may declare. Flavors that declare none are then passed by.'),
    locations: z
      .array(z.string().trim().min(1).max(100))
      .min(1)
      .max(50)
      .optional()
      .describe('Countries or cities, any of which will do; compared without case.'),
  })
  .describe('What may be bought; nothing limits what runs at home.');

export type IntentLimits = z.infer<typeof limits>;

/** What a flavor's own words are compared with. */
const words = z.string().trim().min(1).max(253);

const hostedResources = z
  .strictObject({
    cpu: more('').optional().describe('1 when absent.'),
    memory: more('').optional().describe('2Gi when absent.'),
    pods: wholePods.optional().describe('4 when absent.'),
    storage: amount.optional().describe('Of its claims; 8Gi when absent.'),
  })
  .describe(
    'The most that may run of it here; only with the hosting policy Consumer or Shared. Processors and memory are those of the limits of its containers.',
  );

/** A service that is bought beside the place. */
const service = z
  .strictObject({
    name: z
      .string()
      .regex(DNS_LABEL, 'must be lower-case letters, digits and hyphens, with a letter or digit at both ends')
      .max(63)
      .describe('Unique in the intent. A Secret of this name in its namespace holds the credentials, for the pods to mount.'),
    kind: z.enum(BLUEPRINT_KINDS).default('service'),
    category: words.optional().describe('The offer’s category, such as database.'),
    flavor: words.optional().describe('The offer’s name.'),
    tags: z.array(words).min(1).max(20).optional().describe('All of them are wanted.'),
    hostingPolicy: z
      .enum(TAKEN_POLICIES)
      .optional()
      .describe(
        'Who hosts it: its seller (`Provider`, which it is when absent), this cluster (`Consumer`), or each a part of it (`Shared`). What is hosted here is checked before it is applied, in a namespace of its own.',
      ),
    resources: hostedResources.optional(),
    configuration: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('For the flavor’s template, against which it is checked before anything is reserved. Viewers are shown its names only.'),
    limits: limits.optional(),
  })
  .describe('Bought together with the place, all or nothing. Say a category, a flavor or tags.');

const PLACEMENTS = ['prefer-local', 'local', 'remote'] as const;
export type Placement = (typeof PLACEMENTS)[number];

const RESERVED_NAMESPACE = /^(kube-.*|liqo|liqo-.*|rearguard|intent-.*|hosted-[0-9a-f]{12}-\d+)$/;

/** What is to run. */
const workload = z
  .strictObject({
    manifests: z.array(WorkloadManifest).min(1).max(MOST_MANIFESTS).optional().describe('They run in a namespace of the intent’s own.'),
    namespace: z
      .string()
      .regex(DNS_LABEL, 'must be the name of a namespace')
      .max(47, 'must be at most 47 characters long: the seller’s copy is called <namespace>-<cluster id>, which takes 63')
      .refine((name) => !RESERVED_NAMESPACE.test(name), { error: 'belongs to the cluster itself and cannot be sent elsewhere' })
      .optional()
      .describe('A namespace of your own: its new pods may go to what is acquired. It stays when the intent ends.'),
  })
  .describe('Either manifests or a namespace.');
const spec = z.strictObject({
  workload,
  resources: IntentResources.optional(),
  limits: limits.optional(),
  services: z.array(service).min(1).max(MOST_SERVICES).optional(),
  deadline: z
    .string()
    .refine((text) => parseDuration(text) !== undefined || isInstant(text), {
      error: 'must be an RFC 3339 time such as 2030-01-31T18:00:00Z, or a duration such as 2h',
    })
    .optional()
    .describe('When the whole intent ends (reason `deadline`): RFC 3339, or a duration from its start.'),
  patience: duration
    .default('10m')
    .describe('How long to look for capacity before giving up, ten years at most: a long search goes on in new runs of its workflow.'),
  budget: z
    .strictObject({ amount: moneyAmount, currency })
    .optional()
    .describe(
      'What the whole intent may cost; it ends (reason `budget`) when that is used up. Flavors without a price are then passed by.',
    ),
  placement: z.enum(PLACEMENTS).default('prefer-local').describe('`prefer-local` buys only what does not fit at home.'),
});

/** RFC 3339 with a zone. */
export const isInstant = (text: string): boolean => z.iso.datetime({ offset: true }).safeParse(text).success;

/** An Intent as it is written in YAML or JSON. */
export const IntentDocument = z
  .strictObject({
    apiVersion: z.literal('rearguard.dev/v1'),
    kind: z.literal('Intent'),
    metadata: z.strictObject({
      name: z
        .string()
        .regex(DNS_LABEL, 'must be lower-case letters, digits and hyphens, with a letter or digit at both ends')
        .max(40, 'must be at most 40 characters long: namespaces at the seller derive from it')
        .describe('Unique among the intents that live; a DNS label of at most 40 characters.'),
    }),
    spec,
  })
  .meta({ title: 'Intent', description: 'What somebody wants to run, and on what terms capacity for it may be acquired.' });
export type IntentDocument = z.input<typeof IntentDocument>;
/** With its defaults. */
export type WholeIntent = z.output<typeof IntentDocument>;
