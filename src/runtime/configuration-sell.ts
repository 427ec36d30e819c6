import { z } from 'zod';
import { currency } from '../domain/currency.ts';
import { GPU_KINDS, isExtendedResource } from '../domain/gpu.ts';
import { parseSelector } from '../domain/label-selector.ts';
import { PERIODS, parseAmount } from '../domain/money.ts';
import { seconds } from './configuration-fields.ts';
import { cut, declared, location } from './configuration-flavor.ts';
import { offerTerms } from './configuration-terms.ts';

const unitPrice = z
  .string()
  .refine((text) => parseAmount(text) !== undefined, 'must be a decimal such as "0.25"')
  .optional();

/** How the cluster itself is sold: FLUIDOS' Local Resource Manager. */
export const sell = z.strictObject({
  nodes: z
    .string()
    .max(1_000)
    .refine(
      (text) => parseSelector(text) !== undefined,
      'must be a label selector: key, !key, key=value or key!=value, with commas between',
    )
    .default('node-role.fluidos.eu/resources=true')
    .describe(
      'Which nodes are sold, by their labels; `""` sells all workers. What is cordoned, not Ready, tainted or virtual is not sold.',
    ),
  controlPlane: z.boolean().default(false).describe('Whether nodes of the control plane are sold too, as in a cluster of one node.'),
  pool: z
    .enum(['node', 'architecture'])
    .default('node')
    .describe('A flavor for each node, or one for all nodes of an architecture, of which a part may be larger than any node.'),
  headroomPercent: z
    .number()
    .min(0)
    .max(90)
    .default(10)
    .describe('Of what a node can allocate, so much is never offered; what our own pods request is not offered either.'),
  usageSeconds: z
    .number()
    .min(0)
    .max(3_600)
    .default(60)
    .describe(
      'How often it is asked, where `metrics.k8s.io` is there, what our own pods use: what they use above what they request is not offered either. `0` never asks.',
    ),
  toleranceSeconds: seconds(86_400)
    .default(120)
    .describe(
      'How long the cluster may have less than was sold of it, as while a node reboots, before the newest contracts end. A node that was deleted is not waited for.',
    ),
  prices: z
    .strictObject({
      cpu: unitPrice.describe('Of a core.'),
      memory: unitPrice.describe('Of a GiB.'),
      pods: unitPrice.describe('Of a pod.'),
      storage: unitPrice.describe('Of a GiB of ephemeral storage.'),
      gpu: unitPrice.describe('Of a GPU.'),
      currency: currency.describe('An ISO 4217 code. Never converted: a buyer pays in the same currency or not at all.'),
      period: z.enum(PERIODS).default('hourly'),
    })
    .optional()
    .describe(
      'By the unit: `cpu` (a core), `memory` (a GiB), `pods`, `storage` (a GiB), `gpu` (one), decimals in quotes, with `currency` and `period`; what is absent costs nothing. Without prices flavors are offered at no stated price, and a buyer with a price limit passes them by.',
    ),
  gpus: z
    .array(
      z.strictObject({
        resource: z
          .string()
          .refine(isExtendedResource, 'must be an extended resource such as nvidia.com/gpu')
          .describe('By which pods get one.'),
        model: z.string().min(1).max(316).describe('The node label that names the model.'),
        memory: z.string().min(1).max(316).describe('The node label with the memory of one: MiB as a bare number, or a quantity.'),
      }),
    )
    .max(20)
    .default([...GPU_KINDS])
    .describe(
      'What is sold as GPUs; of several that a node has the first. As NVIDIA’s and AMD’s device plugins name them when left out; `[]` sells none.',
    ),
  minimum: cut('The least that may be bought of a flavor.'),
  step: cut('Above the minimum, whole numbers of this; `0` means any amount.'),
  terms: offerTerms('What we promise with the flavors of the cluster, instead of all of `rear.terms`; `{}` is nothing.'),
  location,
  ...declared,
  properties: z.record(z.string().max(100), z.unknown()).optional().describe('Free form; travels as `additionalProperties`.'),
});
