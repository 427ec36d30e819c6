import { isCurrency, notCurrency } from '../domain/currency.ts';
import { type Flavor, type K8Slice, type NodeIdentity, isSlice } from '../domain/flavor.ts';
import { nanos } from '../domain/quantity.ts';
import { RESOURCE_NAMES } from '../domain/resources.ts';
import { STOCK } from '../domain/stock-offer.ts';
import type { FlavorResources, WrittenFlavor, WrittenFlavors } from '../ports/flavor-resources.ts';
import type { Inventory } from '../ports/inventory.ts';
import { derivedFlavorId } from './flavor-ids.ts';
import { NAME } from './flavors.ts';
import type { StockLog } from './stock.ts';
import { followWritten, publishChanged, type Unsold } from './written.ts';

/** Marks a flavor that was read from a resource, by its name; travels as an additional property. */
const RESOURCE = 'rearguard.dev/flavor-resource';

type Selling = Pick<Inventory, 'onSale' | 'publish' | 'withdraw'>;

/** A flavor of ours as it was written; marks of other flavors of ours in it would take it off sale with these. */
function flavorOf(written: WrittenFlavor, offer: K8Slice, self: NodeIdentity, now: number): Flavor {
  const { name, price, location, networkPropertyType } = written;
  const { [STOCK]: _, [NAME]: __, ...properties } = offer.additionalProperties ?? {};
  return {
    ...(price && { price }),
    ...(location && { location }),
    ...(networkPropertyType !== undefined && { networkPropertyType }),
    id: derivedFlavorId(self, 'resource', name),
    providerId: self.id,
    offer: { ...offer, additionalProperties: { ...properties, [RESOURCE]: name } },
    owner: { id: self.id, address: self.address, domain: self.domain },
    available: true,
    createdAt: new Date(now).toISOString(),
  };
}

const negative = ({ resources, partitionability: { min, step } }: K8Slice): string | undefined =>
  RESOURCE_NAMES.find((name) => [resources, min, step].some((amounts) => nanos(amounts[name] ?? '0') < 0n));

/** Why a resource that can be read is not sold all the same: its amounts and currency are held to what a flavor of the configuration is. */
function whyNot({ price }: WrittenFlavor, offer: K8Slice): string | undefined {
  const below = negative(offer);
  if (below !== undefined) return `${below} is below nothing`;
  return price && !isCurrency(price.currency) ? `the currency of its price ${notCurrency(price.currency)}` : undefined;
}

/** Takes off sale what resources made, but for those of these names; what is sold stays sold. */
export async function withdrawResources(inventory: Selling, log: StockLog, kept: ReadonlySet<string> = new Set()): Promise<void> {
  for (const flavor of await inventory.onSale({ property: RESOURCE })) {
    const name = isSlice(flavor) ? flavor.offer.additionalProperties?.[RESOURCE] : undefined;
    if (typeof name !== 'string' || kept.has(name)) continue;
    await inventory.withdraw(flavor.id);
    log.info({ flavor: flavor.id, name }, 'flavor withdrawn: its resource is gone, or is not for sale any more');
  }
}

/** Puts what is written in a namespace on sale, and takes off what is not there any more. May be repeated. Answers which of them are not on sale, and why. */
async function publishResources(input: {
  readonly written: WrittenFlavors;
  readonly self: NodeIdentity;
  readonly inventory: Selling;
  readonly now: number;
  readonly log: StockLog;
  readonly published: Map<string, string>;
}): Promise<readonly Unsold[]> {
  const { written, self, inventory, now, log, published } = input;
  const wrong: Unsold[] = [];
  const good: Parameters<typeof publishChanged>[0]['good'][number][] = [];
  for (const each of written.flavors) {
    if ('wrong' in each) wrong.push({ name: each.name, why: each.wrong });
    else if (!each.available) continue;
    else if (each.offer.kind !== 'k8slice')
      wrong.push({ name: each.name, why: `only slices of a cluster are read, not a ${each.offer.kind}` });
    else {
      const flavor = flavorOf(each, each.offer, self, now);
      const why = whyNot(each, each.offer);
      if (why !== undefined) wrong.push({ name: each.name, why });
      else good.push({ name: each.name, text: JSON.stringify(each), publish: () => inventory.publish(flavor) });
    }
  }
  const withdraw = (kept: ReadonlySet<string>): Promise<void> => withdrawResources(inventory, log, kept);
  return [...wrong, ...(await publishChanged({ good, published, withdraw }))];
}

/** FLUIDOS Flavor resources of a namespace are hand-written flavors of ours, as `followWritten` follows them. */
export async function sellResources(input: {
  readonly flavorResources: FlavorResources;
  readonly namespace: string;
  readonly inventory: Selling;
  readonly self: NodeIdentity;
  readonly clock: { now(): number };
  readonly say: (words: string) => void;
  readonly log: StockLog;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { flavorResources, namespace, inventory, self, clock, say, log, signal } = input;
  await followWritten<WrittenFlavors>({
    what: 'Flavor resources',
    namespace,
    watch: (...from) => flavorResources.watch(...from),
    count: ({ flavors }) => flavors.length,
    publish: (written, published) => publishResources({ written, self, inventory, now: clock.now(), log, published }),
    say,
    log,
    signal,
  });
}
