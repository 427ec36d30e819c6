/** PURCHASE_FLAVOR: its request and the Contract that answers it. */
import { z } from 'zod';
import type { Agreement } from '../domain/agreement.ts';
import type { ContractTerms, PeeringCredentials, ServiceTerms } from '../domain/contract.ts';
import type { Gpu } from '../domain/flavor.ts';
import { partGpu } from '../domain/gpu.ts';
import { clusterId, contractId, DNS_LABEL, DNS_SUBDOMAIN, transactionId } from '../domain/ids.ts';
import { PERIODS, parseAmount, type Price } from '../domain/money.ts';
import { priceOfPart } from '../domain/partition.ts';
import { contractedService } from '../domain/service-terms.ts';
import { NOTHING, type Resources, sameResources } from '../domain/resources.ts';
import { AgreementSchema } from './agreement-schema.ts';
import { flavor, isTime, writeFlavor, writeTime } from './flavor.ts';
import { identity, writeIdentity } from './identity.ts';
import { encode, isRecord, omitEmpty } from './json.ts';
import { writeAmounts } from './offer.ts';
import { goObject, strictText } from './reading.ts';
import { blueprintOf, readPart, readServiceConfiguration, writeConfiguration, writeServiceConfiguration } from './reservation.ts';

/** PURCHASE's request. `buyerID` is ours: a seller of our dialect compares it with who reserved. */
export const purchase = goObject({
  liqoCredentials: z.custom<object>(isRecord, 'not an object').optional(),
  ingressTelemetryEndpoint: z.custom<object>(isRecord, 'not an object').optional(),
  buyerID: z.union([z.undefined(), identity]),
});

const CLUSTER = strictText.refine((value) => DNS_LABEL.test(value), 'not a cluster id');

/** In base64; 256 KiB is forty times what a real one takes. */
const KUBECONFIG = z
  .string()
  .max(262_144)
  .regex(/^[A-Za-z0-9+/=\s]*$/, 'not base64');

const credentialsWith = (kubeconfig: typeof KUBECONFIG) =>
  goObject({ clusterID: CLUSTER, kubeconfig }, { liqoID: 'clusterID' }).transform(
    ({ clusterID, kubeconfig }): PeeringCredentials => ({ clusterId: clusterId(clusterID), kubeconfig }),
  );
export const credentials = credentialsWith(KUBECONFIG.min(1));

/** Our contract facts that REAR has no place for; strings in `extraInformation`, since a FLUIDOS buyer fails on anything else there. */
const FACTS = {
  startsAt: 'rearguard.startsAt',
  resources: 'rearguard.resources',
  amount: 'rearguard.price.amount',
  currency: 'rearguard.price.currency',
  period: 'rearguard.price.period',
} as const;

/** The specification says `Buyer`, `Seller`, `Credentials`; our notes' section 9 lists them. */
const contract = goObject(
  {
    contractID: strictText.refine((value) => DNS_SUBDOMAIN.test(value), 'not a lower-case Kubernetes name'),
    transactionID: strictText,
    flavor,
    buyerID: identity,
    buyerClusterID: strictText,
    seller: identity,
    // Nothing is peered with for an instance of a blueprint: the key is there, as between FLUIDOS nodes, and its kubeconfig is empty.
    peeringTargetCredentials: credentialsWith(KUBECONFIG),
    expirationTime: strictText.refine(isTime, 'not a time'),
    extraInformation: goObject(Object.fromEntries(Object.values(FACTS).map((key) => [key, strictText]))),
    configuration: goObject({ type: strictText, data: z.unknown() }),
    agreement: z.union([z.undefined(), AgreementSchema]),
  },
  { buyer: 'buyerID', sellerID: 'seller', credentials: 'peeringTargetCredentials' },
);

/** Reads a contract. What a FLUIDOS seller does not state (price of the part, begin) is computed from what it does. Throws a ZodError. */
export function readContract(
  value: unknown,
  context: { readonly receivedAt: string },
): { readonly terms: ContractTerms; readonly credentials: PeeringCredentials | undefined; readonly agreement?: Agreement } {
  const read = contract.parse(value);
  const { peeringTargetCredentials } = read;
  const extra = read.extraInformation as Readonly<Record<string, string>>;
  const resources = readResources(read.configuration, read.flavor);
  const stated = extra[FACTS.resources] ?? '';
  if (stated !== '' && !sameResources(readPart(JSON.parse(stated)).part, resources))
    throw wrong('resources', 'stated twice, and differently');
  const price = readPrice(extra) ?? priceOfPart(read.flavor, resources);
  const startsAt = extra[FACTS.startsAt] ?? '';
  const cluster = peeringTargetCredentials.clusterId;
  const service = readService(read.configuration, read.flavor);
  if (peeringTargetCredentials.kubeconfig === '' && service === undefined) throw wrong('peeringTargetCredentials', 'no kubeconfig');
  return {
    terms: {
      id: contractId(read.contractID),
      transaction: transactionId(read.transactionID),
      flavor: read.flavor,
      buyer: read.buyerID,
      buyerCluster: clusterId(read.buyerClusterID === '' ? (read.buyerID.clusterId ?? '') : read.buyerClusterID),
      seller: read.seller,
      sellerCluster: read.seller.clusterId ?? cluster,
      resources,
      ...(service && { service }),
      ...(price === undefined ? {} : { price }),
      startsAt: isTime(startsAt) ? startsAt : context.receivedAt,
      expiresAt: read.expirationTime,
    },
    credentials: peeringTargetCredentials.kubeconfig === '' ? undefined : peeringTargetCredentials,
    ...(read.agreement && { agreement: read.agreement }),
  };
}

const wrong = (path: string, message: string): z.ZodError => new z.ZodError([{ code: 'custom', path: [path], message, input: undefined }]);

/** No configuration means that the whole flavor was bought. */
function readResources(configuration: { type: string; data?: unknown }, { offer }: ContractTerms['flavor']): Resources {
  if (configuration.type === '') return offer.kind === 'k8slice' ? offer.resources : NOTHING;
  return configuration.type.toLowerCase() === 'k8slice' ? readPart(configuration.data).part : NOTHING;
}

/** Where a FLUIDOS seller states no policy, its flavor's first one is meant. */
function readService({ type, data }: { type: string; data?: unknown }, { offer }: ContractTerms['flavor']): ServiceTerms | undefined {
  const kind = blueprintOf(type);
  if (kind === undefined) return undefined;
  if (offer.kind !== kind) throw wrong('configuration', `of a ${kind}, and the flavor is a ${offer.kind}`);
  const { hostingPolicy = offer.hostingPolicies[0] ?? 'Provider', configuration } = readServiceConfiguration(data);
  return contractedService(offer, { hostingPolicy, configuration });
}

function readPrice(extra: Readonly<Record<string, string>>): Price | undefined {
  const [amount = '', currency = '', written = ''] = [extra[FACTS.amount], extra[FACTS.currency], extra[FACTS.period]];
  if (amount === '') return undefined;
  const period = PERIODS.find((each) => each === written);
  if (parseAmount(amount) === undefined || period === undefined) throw wrong('extraInformation', 'a price that cannot be compared');
  return { amount, currency, period };
}

/** The GPUs of what was sold, as REAR describes them. */
export const gpusOf = ({ flavor: { offer }, resources }: Pick<ContractTerms, 'flavor' | 'resources'>): Gpu | undefined =>
  offer.kind === 'k8slice' ? partGpu(offer, resources.gpu) : undefined;

/** Writes PURCHASE's answer; the keys of `extraInformation` in the order in which Go writes a map. */
export const writeContract = (terms: ContractTerms, credentials: PeeringCredentials | undefined, agreement?: Agreement): object => ({
  contractID: terms.id,
  transactionID: terms.transaction,
  flavor: writeFlavor(terms.flavor),
  buyerID: writeIdentity({ ...terms.buyer, clusterId: terms.buyerCluster }),
  buyerClusterID: terms.buyerCluster,
  seller: writeIdentity({ ...terms.seller, clusterId: terms.sellerCluster }),
  peeringTargetCredentials: writeCredentials(credentials ?? { clusterId: terms.sellerCluster, kubeconfig: '' }),
  ...omitEmpty('expirationTime', writeTime(terms.expiresAt)),
  extraInformation: {
    ...omitEmpty(FACTS.amount, terms.price?.amount),
    ...omitEmpty(FACTS.currency, terms.price?.currency),
    ...omitEmpty(FACTS.period, terms.price?.period),
    ...(terms.service === undefined ? { [FACTS.resources]: encode(writeAmounts(terms.resources, gpusOf(terms))) } : {}),
    [FACTS.startsAt]: writeTime(terms.startsAt),
  },
  configuration:
    terms.service === undefined || terms.flavor.offer.kind === 'k8slice'
      ? writeConfiguration(terms.resources, gpusOf(terms))
      : writeServiceConfiguration(terms.flavor.offer.kind, terms.service),
  // Ours alone: a FLUIDOS buyer passes over keys that it does not know.
  ...(agreement && { agreement }),
});

export const writeCredentials = ({ clusterId, kubeconfig }: PeeringCredentials): object => ({ clusterID: clusterId, kubeconfig });
