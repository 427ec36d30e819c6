import { z } from 'zod';
import {
  type BlueprintKind,
  type BlueprintOffer,
  type Gpu,
  HOSTING_POLICIES,
  type HostingPolicy,
  type K8Slice,
  type Offer,
  type Partitionability,
} from '../domain/flavor.ts';
import { canonical, nanos } from '../domain/quantity.ts';
import type { Resources } from '../domain/resources.ts';
import { isRecord, omitEmpty, orNull, sorted, writtenOnce } from './json.ts';
import { networkAuthorizations, writeNetworkAuthorizations } from './network.ts';
import { compact, goObject, listOf, opaque, quantity, strictText, whole } from './reading.ts';

const gpu = goObject({ model: strictText, cores: quantity, memory: quantity });
const present = <T>(schema: z.ZodType<T>) => z.union([z.undefined(), schema]);

/** How many GPUs there are; a FLUIDOS node describes those that it does not have. */
export const countOf = (gpu: Gpu | undefined): Pick<Resources, 'gpu'> =>
  gpu !== undefined && nanos(gpu.cores) > 0n ? { gpu: gpu.cores } : {};

/** Of a flavor without GPUs no minimum of them can be bought. */
const gpuCut = (gpu: Gpu | undefined, least: string | undefined): Pick<Resources, 'gpu'> =>
  least !== undefined && countOf(gpu).gpu !== undefined ? { gpu: least } : {};

/** Amounts as REAR spells them, in a flavor's characteristics and in a configuration alike. */
export const amounts = { cpu: quantity, memory: quantity, pods: quantity, gpu: present(gpu), storage: present(quantity) };

/** The key is misspelt on the wire (`charateristics`); the specification spells it right. */
const k8slice = goObject(
  {
    charateristics: goObject({ architecture: strictText, ...amounts }),
    properties: goObject(
      {
        latency: whole,
        securityStandards: listOf(z.string()),
        carbonFootprint: present(goObject({ embodied: whole, operational: listOf(z.number().transform(Math.ceil)) })),
        networkAuthorizations: present(networkAuthorizations),
        additionalProperties: present(opaque),
      },
      { 'carbon-footprint': 'carbonFootprint' },
    ),
    policies: goObject({
      partitionability: goObject({
        cpuMin: quantity,
        memoryMin: quantity,
        podsMin: quantity,
        cpuStep: quantity,
        memoryStep: quantity,
        podsStep: quantity,
        gpuMin: present(quantity),
        gpuStep: present(quantity),
      }),
    }),
  },
  { characteristics: 'charateristics' },
).transform(
  ({ charateristics: { architecture, gpu, ...resources }, properties, policies: { partitionability: cut } }): K8Slice => ({
    kind: 'k8slice',
    architecture,
    resources: { ...compact(resources), ...countOf(gpu) },
    ...compact({
      gpu,
      latencyMs: properties.latency > 0 ? properties.latency : undefined,
      securityStandards: properties.securityStandards.length > 0 ? properties.securityStandards : undefined,
      carbonFootprint: properties.carbonFootprint,
      networkAuthorizations: properties.networkAuthorizations,
      additionalProperties: properties.additionalProperties,
    }),
    partitionability: {
      min: { cpu: cut.cpuMin, memory: cut.memoryMin, pods: cut.podsMin, ...gpuCut(gpu, cut.gpuMin) },
      step: { cpu: cut.cpuStep, memory: cut.memoryStep, pods: cut.podsStep, ...gpuCut(gpu, cut.gpuStep) },
    },
  }),
);

/** Unknown policies travel as `""` from a FLUIDOS node and are left out; the specification's example says `ProviderSide`. */
const hostingPolicies = listOf(z.unknown()).transform((list) =>
  list.flatMap((each): HostingPolicy[] => HOSTING_POLICIES.filter((policy) => each === policy || each === `${policy}Side`)),
);

const template = z.preprocess((value, context) => {
  if (typeof value !== 'string') return value ?? {};
  try {
    return JSON.parse(value);
  } catch {
    context.issues.push({ code: 'custom', message: 'not a JSON Schema', input: value });
    return z.NEVER;
  }
}, opaque);

/** The six keys sit directly in `data` between FLUIDOS nodes; the specification wraps them in `Characteristics` and makes the template a string. */
const blueprint = (kind: BlueprintKind, name: z.ZodType<string> = strictText) =>
  z.preprocess(
    (value) => {
      if (!isRecord(value)) return value;
      const wrapped = Object.entries(value).find(([key]) => key.toLowerCase() === 'characteristics');
      return wrapped === undefined ? value : wrapped[1];
    },
    goObject({
      name,
      description: strictText,
      category: strictText,
      tags: listOf(z.string()),
      hostingPolicies,
      configurationTemplate: template,
    }).transform((offer): BlueprintOffer => ({ kind, ...offer })),
  );

/** No node says what a vm's or a sensor's configuration looks like; the specification's own rows of them say no more than characteristics, so that nothing could be bought. */
const named = strictText.refine((name) => name !== '', 'no blueprint');

const SCHEMAS = new Map<string, z.ZodType<Offer>>([
  ['k8slice', k8slice],
  ['service', blueprint('service')],
  ['vm', blueprint('vm', named)],
  ['sensor', blueprint('sensor', named)],
]);

/** `type` of a flavor. FLUIDOS nodes know slices and services alone; our vm and sensor look like a service (docs/decisions/0050). */
export const offer = goObject({ name: strictText, data: z.unknown() }, { typeIdentifier: 'name', typeData: 'data' }).transform(
  ({ name, data }, context): Offer => {
    const schema = SCHEMAS.get(name.toLowerCase());
    if (schema === undefined || data === undefined) {
      const message = schema === undefined ? `flavors of type ${JSON.stringify(name.slice(0, 40))} are not known` : 'no data';
      context.issues.push({ code: 'custom', message, input: name });
      return z.NEVER;
    }
    const read = schema.safeParse(data);
    if (read.success) return read.data;
    for (const { path, message } of read.error.issues)
      context.issues.push({ code: 'custom', path: ['data', ...path], message, input: data });
    return z.NEVER;
  },
);

export const writeAmounts = ({ cpu, memory, pods, storage }: Resources, gpu?: K8Slice['gpu']): object => ({
  cpu: canonical(cpu),
  memory: canonical(memory),
  pods: canonical(pods),
  ...(gpu === undefined ? {} : { gpu: { model: gpu.model, cores: canonical(gpu.cores), memory: canonical(gpu.memory) } }),
  ...(storage === undefined ? {} : { storage: canonical(storage) }),
});

function writeProperties(slice: K8Slice): object {
  const { carbonFootprint, networkAuthorizations } = slice;
  return {
    ...omitEmpty('latency', slice.latencyMs),
    ...omitEmpty('securityStandards', slice.securityStandards),
    ...(carbonFootprint === undefined
      ? {}
      : { carbonFootprint: { embodied: carbonFootprint.embodied, operational: orNull(carbonFootprint.operational) } }),
    ...(networkAuthorizations === undefined ? {} : { networkAuthorizations: writeNetworkAuthorizations(networkAuthorizations) }),
    ...omitEmpty('additionalProperties', sorted(slice.additionalProperties)),
  };
}

const writePolicies = ({ min, step }: Partitionability): object => ({
  partitionability: {
    cpuMin: canonical(min.cpu),
    memoryMin: canonical(min.memory),
    podsMin: canonical(min.pods),
    cpuStep: canonical(step.cpu),
    memoryStep: canonical(step.memory),
    podsStep: canonical(step.pods),
    // Of FLUIDOS' own resources; its nodes do not send them, and pass over what they do not know.
    ...(min.gpu === undefined ? {} : { gpuMin: canonical(min.gpu) }),
    ...(step.gpu === undefined ? {} : { gpuStep: canonical(step.gpu) }),
  },
});

const blueprintText = writtenOnce((offer: BlueprintOffer) => ({
  name: offer.name,
  description: offer.description,
  category: offer.category,
  tags: orNull(offer.tags),
  hostingPolicies: orNull(offer.hostingPolicies),
  configurationTemplate: sorted(offer.configurationTemplate),
}));

const sliceText = writtenOnce((slice: K8Slice) => ({
  charateristics: { architecture: slice.architecture, ...writeAmounts(slice.resources, slice.gpu) },
  properties: writeProperties(slice),
  policies: writePolicies(slice.partitionability),
}));

/** `type` of a flavor as a text; it is written once for each offer. */
export const offerText = (offer: Offer): string =>
  `{"name":"${offer.kind}","data":${offer.kind === 'k8slice' ? sliceText(offer) : blueprintText(offer)}}`;
