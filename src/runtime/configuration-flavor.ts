import { z } from 'zod';
import { currency } from '../domain/currency.ts';
import { isExtendedResource } from '../domain/gpu.ts';
import { PERIODS, parseAmount } from '../domain/money.ts';
import { label, quantity } from './configuration-fields.ts';
import { offerTerms } from './configuration-terms.ts';

export const price = z.strictObject({
  amount: z
    .string()
    .refine((text) => parseAmount(text) !== undefined, 'must be a decimal such as "0.25"')
    .describe('Of the whole flavor, a decimal in quotes.'),
  currency: currency.describe('An ISO 4217 code. Never converted: a buyer pays in the same currency or not at all.'),
  period: z.enum(PERIODS).default('hourly'),
});
const gpuCount = z.string().regex(/^[1-9]\d{0,3}$/, 'must be a whole number of GPUs in quotes, such as "1"');
/** A minimum or a step. */
export const cut = (words: string) =>
  z
    .strictObject({
      cpu: quantity.default('0'),
      memory: quantity.default('0'),
      pods: quantity.default('0'),
      gpu: gpuCount.optional().describe('Of flavors that have GPUs.'),
    })
    .prefault({})
    .describe(words);

/** Where it is, in the seller's words. */
export const location = z
  .strictObject({
    country: z.string().max(100).optional(),
    city: z.string().max(100).optional(),
    latitude: z.string().max(32).optional(),
    longitude: z.string().max(32).optional(),
    additionalNotes: z.string().max(500).optional(),
  })
  .optional()
  .describe('Where it is, in words: `country`, `city`, `latitude`, `longitude`, `additionalNotes`.');

/** Whole: a FLUIDOS node fails on all of a list that has a fraction here. */
const carbon = z.number().int('must be a whole number, as REAR carries it').min(0).max(1e12);
/** What a seller declares of a slice: nobody measures it here. */
export const declared = {
  latencyMs: z.number().int().min(0).max(60_000).optional().describe('What the seller declares, in milliseconds.'),
  securityStandards: z.array(z.string().min(1).max(100)).max(50).optional().describe('Names of standards that the seller keeps.'),
  carbonFootprint: z
    .strictObject({ embodied: carbon, operational: z.array(carbon).max(100) })
    .optional()
    .describe('As REAR carries it, in whole numbers: `embodied`, and `operational` as a list.'),
};

/** A flavor as its owner writes it. */
export const flavor = z.strictObject({
  name: label.describe('Names the flavor here; its id derives from node and name and stays the same over restarts.'),
  architecture: z.string().min(1).max(32).default('amd64').describe('As Kubernetes spells it: `amd64`, `arm64`.'),
  cpu: quantity,
  memory: quantity,
  pods: quantity,
  storage: quantity.optional().describe('Ephemeral storage.'),
  gpu: z
    .strictObject({
      count: gpuCount,
      model: z.string().max(100).default(''),
      memory: quantity.default('0').describe('Of each.'),
      resource: z
        .string()
        .refine(isExtendedResource, 'must be an extended resource such as nvidia.com/gpu')
        .default('nvidia.com/gpu')
        .describe('By which pods get one.'),
      label: z
        .string()
        .min(1)
        .max(316)
        .optional()
        .describe('The node label whose value is the model: a buyer’s pods are kept on such nodes.'),
    })
    .optional()
    .describe('GPUs of one model.'),
  price: price.optional().describe('Without one the flavor is offered at no stated price, and a buyer with a price limit passes it by.'),
  location,
  ...declared,
  minimum: cut('The least that may be bought of it.'),
  step: cut('Above the minimum, whole numbers of this; `0` means any amount.'),
  terms: offerTerms('What we promise with it, instead of all of `rear.terms`; `{}` is nothing.'),
  properties: z.record(z.string().max(100), z.unknown()).optional().describe('Free form; travels as `additionalProperties`.'),
});
