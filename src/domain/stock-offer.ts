import { GPU_LABEL, GPU_RESOURCE, type Gpus, gpuPart } from './gpu.ts';
import type { K8Slice, Location, NodeIdentity, Partitionability, SliceFlavor } from './flavor.ts';
import type { FlavorId } from './ids.ts';
import type { OfferTerms } from './offer-terms.ts';
import { type Period, type Price, addAmounts, canonicalAmount, parseAmount, share } from './money.ts';
import { nanos } from './quantity.ts';
import { RESOURCE_NAMES, type ResourceName, type Resources, withoutGpu } from './resources.ts';
import type { ClusterNode, Stock } from './stock.ts';

/** On every flavor that is made of the cluster: of a node or of an architecture. Travels as an additional property. */
export const STOCK = 'rearguard.dev/stock';

/** What a core, a GiB of memory, a pod, a GiB of ephemeral storage and a GPU cost for a period: decimals. What is absent costs nothing. */
export interface UnitPrices extends Partial<Readonly<Record<ResourceName, string>>> {
  readonly currency: string;
  readonly period: Period;
}

/** What is said of every flavor of the cluster, where its nodes say nothing else. */
export interface OfferDefaults {
  readonly prices?: UnitPrices;
  readonly location?: Location;
  readonly latencyMs?: number;
  readonly securityStandards?: readonly string[];
  readonly carbonFootprint?: { readonly embodied: number; readonly operational: readonly number[] };
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly terms?: OfferTerms;
  readonly partitionability: Partitionability;
}

const UNIT: Record<ResourceName, bigint> = {
  cpu: 10n ** 9n,
  memory: 2n ** 30n * 10n ** 9n,
  pods: 10n ** 9n,
  storage: 2n ** 30n * 10n ** 9n,
  gpu: 10n ** 9n,
};

/** What so much costs by the unit, each resource rounded up. */
export function priceByUnit(resources: Resources, { currency, period, ...units }: UnitPrices): Price {
  const costs = RESOURCE_NAMES.map((name) => share(units[name] ?? '0', nanos(resources[name] ?? '0'), UNIT[name]));
  return { amount: costs.reduce(addAmounts), currency, period };
}

const TOPOLOGY = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'];
const OURS = 'rearguard.dev/';
const PROPERTY = `${OURS}property.`;
const LOCATION = ['country', 'city', 'latitude', 'longitude', 'additionalNotes'] as const;
/** Annotations are their owner's; in a flavor they travel to everybody. */
const LONGEST = 500;

/** What all of them say alike; a pool says nothing of which its nodes are of two minds. */
function saidByAll(nodes: readonly ClusterNode[], of: (node: ClusterNode) => string | undefined): string | undefined {
  const [first, ...others] = nodes.map(of);
  return first !== undefined && first.length <= LONGEST && others.every((other) => other === first) ? first : undefined;
}
const wordsOf = (text: string | undefined): readonly string[] | undefined => {
  const words = text
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return words?.length ? words : undefined;
};
const numberOf = (text: string | undefined, most: number): number | undefined =>
  text !== undefined && /^\d+(\.\d+)?$/.test(text) && Number(text) <= most ? Number(text) : undefined;

/** What the nodes of a stock say of themselves, over what is configured: labels of topology, and annotations `rearguard.dev/…`. What cannot be read counts for nothing. */
function said(nodes: readonly ClusterNode[], defaults: OfferDefaults): Omit<OfferDefaults, 'partitionability' | 'terms'> {
  const annotated = (name: string): string | undefined => saidByAll(nodes, ({ annotations }) => annotations[OURS + name]);
  const places = LOCATION.map((name) => [name, annotated(name)] as const).filter(([, value]) => value !== undefined);
  const location: Location = { ...defaults.location, ...Object.fromEntries(places) };
  const latency = numberOf(annotated('latency-ms'), 60_000);
  const latencyMs = latency === undefined ? defaults.latencyMs : Math.ceil(latency);
  const securityStandards = wordsOf(annotated('security-standards')) ?? defaults.securityStandards;
  // Whole on the wire: a FLUIDOS node fails on all of a list that has a fraction here.
  const carbon = (text: string | undefined): number | undefined => {
    const number = numberOf(text, 1e12);
    return number === undefined ? undefined : Math.ceil(number);
  };
  const embodied = carbon(annotated('carbon-embodied'));
  const operational = wordsOf(annotated('carbon-operational'))?.map(carbon);
  const carbonFootprint =
    embodied !== undefined && operational?.every((each) => each !== undefined) ? { embodied, operational } : defaults.carbonFootprint;
  const prices = defaults.prices && { ...defaults.prices, ...pricesOf(annotated) };
  return {
    ...(prices && { prices }),
    ...(Object.keys(location).length > 0 && { location }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(securityStandards && { securityStandards }),
    ...(carbonFootprint && { carbonFootprint }),
    properties: { ...defaults.properties, ...propertiesOf(nodes) },
  };
}

const pricesOf = (annotated: (name: string) => string | undefined): Partial<Record<ResourceName, string>> =>
  Object.fromEntries(
    RESOURCE_NAMES.map((name) => [name, annotated(`price-${name}`)] as const).filter(
      ([, value]) => value !== undefined && parseAmount(value) !== undefined,
    ),
  );

function propertiesOf(nodes: readonly ClusterNode[]): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const name of TOPOLOGY) {
    const value = saidByAll(nodes, ({ labels }) => labels[name]);
    if (value !== undefined) found[name] = value;
  }
  for (const key of Object.keys(nodes[0]?.annotations ?? {}).filter((each) => each.startsWith(PROPERTY))) {
    const value = saidByAll(nodes, ({ annotations }) => annotations[key]);
    if (value !== undefined) found[key.slice(PROPERTY.length)] = value;
  }
  return found;
}

/** The minimum and step of what has no GPUs are those of the rest. */
const cutOf = ({ min, step }: Partitionability, gpus: Gpus | undefined): Partitionability =>
  gpus ? { min, step } : { min: withoutGpu(min), step: withoutGpu(step) };

/** A flavor of the cluster as other nodes see it, and what its price and terms follow from: as long as `terms` is the same, only amounts changed. */
export function offerOf(input: {
  readonly stock: Stock;
  readonly total: Resources;
  readonly id: FlavorId;
  readonly pool: 'node' | 'architecture';
  readonly defaults: OfferDefaults;
  readonly self: NodeIdentity;
  /** Milliseconds since the epoch. */
  readonly now: number;
}): { readonly flavor: SliceFlavor; readonly terms: string } {
  const { stock, total, id, pool, defaults, self, now } = input;
  const { prices, location, properties, ...slice } = said(stock.nodes, defaults);
  const offer: Omit<K8Slice, 'resources'> = {
    kind: 'k8slice',
    architecture: stock.architecture,
    ...slice,
    additionalProperties: {
      ...properties,
      [STOCK]: pool,
      ...(stock.gpus && { [GPU_RESOURCE]: stock.gpus.resource, [GPU_LABEL]: stock.gpus.label }),
    },
    partitionability: cutOf(defaults.partitionability, stock.gpus),
  };
  const rest = {
    id,
    providerId: self.id,
    ...(location && { location }),
    ...(defaults.terms && { terms: defaults.terms }),
    owner: { id: self.id, address: self.address, domain: self.domain },
  };
  const price = prices && priceByUnit(total, prices);
  const units =
    prices && Object.entries(prices).map(([name, value]) => [name, parseAmount(value) === undefined ? value : canonicalAmount(value)]);
  return {
    flavor: {
      ...rest,
      offer: { ...offer, resources: total, ...(stock.gpus && { gpu: gpuPart(stock.gpus, total.gpu ?? '0') }) },
      ...(price && { price }),
      available: true,
      createdAt: new Date(now).toISOString(),
    },
    terms: JSON.stringify([rest, offer, units, ...(stock.gpus ? [stock.gpus] : [])]),
  };
}
