/** RESERVE_FLAVOR: its request and the Transaction that answers it. */
import { z } from 'zod';
import type { ServiceTerms, Transaction } from '../domain/contract.ts';
import {
  type BlueprintKind,
  BLUEPRINT_KINDS,
  type Flavor,
  type Gpu,
  HOSTING_POLICIES,
  type HostingPolicy,
  type NodeIdentity,
} from '../domain/flavor.ts';
import { DNS_SUBDOMAIN, transactionId } from '../domain/ids.ts';
import { nanos } from '../domain/quantity.ts';
import type { Resources } from '../domain/resources.ts';
import { isTime, UNSET_TIME, writeTime } from './flavor.ts';
import { identity, writeIdentity } from './identity.ts';
import { isRecord, omitEmpty, sorted } from './json.ts';
import { amounts, writeAmounts } from './offer.ts';
import { compact, goObject, opaqueSigned, strictText } from './reading.ts';

/** What a buyer wants of a flavor, not yet looked into: `data` is absent or opaque, since a FLUIDOS node tells these apart. */
export interface WireConfiguration {
  readonly type: string;
  readonly data?: unknown;
}

const configuration = z.unknown().transform((value, context): WireConfiguration | undefined => {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) {
    context.issues.push({ code: 'custom', message: 'not an object', input: value });
    return z.NEVER;
  }
  const field = (name: string): unknown => Object.entries(value).findLast(([key]) => key.toLowerCase() === name)?.[1];
  const [type, data] = [field('type') ?? '', field('data')];
  if (typeof type !== 'string') {
    context.issues.push({ code: 'custom', path: ['type'], message: 'not a string', input: type });
    return z.NEVER;
  }
  return { type, ...(data === undefined ? {} : { data }) };
});

/** The specification's body says `Buyer`; a FLUIDOS node's `buyerID`. */
export const reservation = goObject({ flavorID: strictText, buyerID: identity, configuration }, { buyer: 'buyerID' });

const k8sliceConfiguration = goObject(amounts);

/** Reads K8SliceConfiguration data; missing amounts are zero, and GPUs of which there are none and nothing is said are none. Throws a ZodError on a bad quantity or on something that is no object. */
export const readPart = (data: unknown): { readonly part: Resources; readonly gpu?: Gpu } => {
  const { gpu, ...part } = k8sliceConfiguration.parse(data);
  const asked = gpu !== undefined && (nanos(gpu.cores) !== 0n || nanos(gpu.memory) !== 0n);
  return { part: { ...compact(part), ...(asked ? { gpu: gpu.cores } : {}) }, ...(asked ? { gpu } : {}) };
};

export const writeConfiguration = (part: Resources, gpu?: Gpu): object => ({ type: 'k8slice', data: writeAmounts(part, gpu) });

const serviceConfiguration = goObject({
  hostingPolicy: z.union([z.undefined(), z.literal('').transform(() => undefined), z.enum(HOSTING_POLICIES)]),
  configurationData: z.union([z.undefined(), opaqueSigned]),
});

/** Which blueprint a configuration is for; `undefined` when it is for a slice, or for nothing that we know. */
export const blueprintOf = (type: string): BlueprintKind | undefined => BLUEPRINT_KINDS.find((kind) => kind === type.toLowerCase());

/** Reads ServiceConfiguration data; a FLUIDOS node states no policy. Throws a ZodError. */
export const readServiceConfiguration = (
  data: unknown,
): { readonly hostingPolicy?: HostingPolicy; readonly configuration: ServiceTerms['configuration'] } => {
  const { hostingPolicy, configurationData } = serviceConfiguration.parse(data);
  return { ...(hostingPolicy && { hostingPolicy }), configuration: configurationData ?? {} };
};

export const writeServiceConfiguration = (
  kind: BlueprintKind,
  { hostingPolicy, configuration }: Partial<ServiceTerms> & Pick<ServiceTerms, 'configuration'>,
): object => ({ type: kind, data: { ...omitEmpty('hostingPolicy', hostingPolicy), configurationData: sorted(configuration) } });

/** What RESERVE asks for: a part of a slice, or an instance of a blueprint. */
export type Wanted =
  | { readonly part: Resources; readonly gpu?: Gpu; readonly service?: undefined }
  | { readonly kind: BlueprintKind; readonly service: Parameters<typeof writeServiceConfiguration>[1] };

export const writeReservation = (input: { readonly flavor: string; readonly buyer: NodeIdentity } & Wanted): object => ({
  flavorID: input.flavor,
  buyerID: writeIdentity(input.buyer),
  configuration:
    input.service === undefined ? writeConfiguration(input.part, input.gpu) : writeServiceConfiguration(input.kind, input.service),
});

/** Reads the answer: only the id is needed (a FLUIDOS buyer looks at nothing else); it must be a legal Kubernetes name and safe in a path. */
const transaction = goObject({
  transactionID: strictText.refine((value) => DNS_SUBDOMAIN.test(value), 'not a lower-case Kubernetes name'),
  flavorID: strictText,
  expirationTime: strictText,
});

export const readTransaction = (value: unknown, asked: { readonly flavor: Flavor['id'] }): Transaction => {
  const { transactionID, flavorID, expirationTime } = transaction.parse(value);
  return {
    id: transactionId(transactionID),
    flavorId: flavorID === '' ? asked.flavor : flavorID,
    expiresAt: isTime(expirationTime) ? expirationTime : UNSET_TIME,
  };
};

/** Writes the answer. The buyer's kubeconfig, which a FLUIDOS seller echoes, is not kept here and so not echoed. */
export const writeTransaction = (input: {
  readonly transaction: Transaction;
  readonly buyer: NodeIdentity;
  readonly configuration: WireConfiguration | undefined;
}): object => ({
  transactionID: input.transaction.id,
  flavorID: input.transaction.flavorId,
  ...(input.configuration === undefined
    ? {}
    : { configuration: { type: input.configuration.type, data: input.configuration.data ?? null } }),
  buyer: writeIdentity(input.buyer),
  clusterID: input.buyer.clusterId ?? '',
  ...omitEmpty('expirationTime', writeTime(input.transaction.expiresAt)),
});
