import { z } from 'zod';
import { type Blueprint, blueprintProblems } from '../domain/blueprint.ts';
import { BLUEPRINT_KINDS, HOSTING_POLICIES } from '../domain/flavor.ts';
import { blueprintManifest } from '../domain/manifest-schema.ts';
import { READY_MADE } from '../domain/ready-made.ts';
import { label } from './configuration-fields.ts';
import { location, price } from './configuration-flavor.ts';
import { offerTerms } from './configuration-terms.ts';

const written = z.strictObject({
  name: label.max(40).describe('Names it here and in what is sold; unique among the blueprints.'),
  use: z
    .enum(['database', 'message-queue'])
    .optional()
    .describe(
      'A ready-made one: PostgreSQL, or RabbitMQ, of one pod whose data live as long as it. Everything but policies, price, place and number is given.',
    ),
  kind: z.enum(BLUEPRINT_KINDS).optional().describe('`service` unless told otherwise; FLUIDOS nodes see services alone.'),
  description: z.string().max(500).optional(),
  category: z.string().max(100).optional().describe('What buyers look for, such as `database`.'),
  tags: z.array(z.string().min(1).max(100)).max(50).optional(),
  hostingPolicies: z
    .array(z.enum(HOSTING_POLICIES))
    .min(1)
    .default(['Provider'])
    .describe(
      '`Provider`: it runs in this cluster, in a namespace of its own. `Consumer`: the buyer gets its manifests and runs it. `Shared`: manifests annotated `rearguard.dev/hosted-by: consumer` run at the buyer, all others here.',
    ),
  instances: z.number().int().min(1).max(10_000).default(1).describe('How many may be sold at a time.'),
  price: price.optional().describe('Of an instance.'),
  location,
  terms: offerTerms('What we promise with it, instead of all of `rear.terms`; `{}` is nothing.'),
  configuration: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('JSON Schema (draft-07) of what the buyer configures; nothing when absent.'),
  generated: z
    .record(z.string().max(100), z.number().int().min(8).max(128))
    .optional()
    .describe('Properties that are made up where the buyer leaves them out, and how many characters long: credentials.'),
  manifests: z
    .array(blueprintManifest)
    .min(1)
    .max(50)
    .optional()
    .describe('Kubernetes objects, applied in this order; `${name}` in a text stands for a property of the configuration.'),
  secret: z.string().max(253).optional().describe('The Secret among them that the pods mount: its content is handed over.'),
  endpoint: z
    .strictObject({
      service: z.string().max(63),
      port: z.number().int().min(1).max(65_535),
      host: z.string().min(1).max(253).optional().describe('Under which name buyers reach it; the name in the cluster when absent.'),
    })
    .optional()
    .describe('The Service among them where it answers.'),
});

/** What ServiceBlueprint resources do not say of themselves. */
export const writtenServices = z
  .strictObject({
    price: price.optional().describe('Of an instance. One without any price is not on sale.'),
    location,
    instances: z.number().int().min(1).max(10_000).default(1).describe('How many of each may be sold at a time.'),
    terms: offerTerms('What we promise with each, instead of all of `rear.terms`; `{}` is nothing.'),
  })
  .prefault({})
  .describe('Of ServiceBlueprint resources, where their annotations `rearguard.dev/…` do not say otherwise: docs/selling.md.');

type Written = z.output<typeof written>;

const endpointOf = ({ service, port, host }: NonNullable<Written['endpoint']>): NonNullable<Blueprint['endpoint']> => ({
  service,
  port,
  ...(host !== undefined && { host }),
});

/** A blueprint as this node makes it. */
export function blueprintOf(each: Written): Blueprint {
  const { name, use, kind = 'service', description = '', category = '', tags = [], hostingPolicies, instances: _, generated = {} } = each;
  if (use !== undefined) return { ...READY_MADE[use], name, hostingPolicies };
  return {
    name,
    kind,
    description,
    category,
    tags,
    hostingPolicies,
    configurationTemplate: each.configuration ?? { type: 'object', additionalProperties: false },
    generated,
    manifests: (each.manifests ?? []) as Blueprint['manifests'],
    secret: each.secret ?? '',
    ...(each.endpoint && { endpoint: endpointOf(each.endpoint) }),
  };
}

const GIVEN = ['kind', 'description', 'category', 'tags', 'configuration', 'generated', 'manifests', 'secret', 'endpoint'] as const;

/** A blueprint as its owner writes it. */
export const blueprint = written.check(({ value, issues }) => {
  const wrong = (path: readonly string[], message: string): void =>
    void issues.push({ code: 'custom', input: value, path: [...path], message });
  if (value.use !== undefined) {
    for (const field of GIVEN) if (value[field] !== undefined) wrong([field], `is given by \`use: ${value.use}\``);
  } else {
    for (const field of ['manifests', 'secret'] as const)
      if (value[field] === undefined) return wrong([field], 'is needed where nothing ready-made is used');
  }
  for (const problem of blueprintProblems(blueprintOf(value))) wrong([], problem);
});
export type BlueprintConfiguration = z.output<typeof blueprint>;
