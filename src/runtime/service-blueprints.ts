import { createHash } from 'node:crypto';
import { isCurrency, notCurrency } from '../domain/currency.ts';
import type { BlueprintFlavor, NodeIdentity } from '../domain/flavor.ts';
import type { Price } from '../domain/money.ts';
import type { KeptBlueprints, ReadBlueprint } from '../ports/blueprints.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { ServiceBlueprints, WrittenBlueprint, WrittenBlueprints } from '../ports/service-blueprints.ts';
import { blueprintFlavor, blueprintId, onSaleOf } from './blueprints.ts';
import { offeredTerms } from './configuration-terms.ts';
import type { Configuration } from './configuration.ts';
import type { StockLog } from './stock.ts';
import { followWritten, publishChanged, type Unsold } from './written.ts';

type Selling = Pick<Inventory, 'ledgers' | 'publish' | 'withdraw'>;
/** Of a reason, in characters. */
const LONGEST_WHY = 2_000;
type Defaults = NonNullable<Configuration['fluidos']>['services'];

/** Takes off sale what such resources made, but for those of these lineages; what is sold goes on, and is made and handed over as it was sold. */
async function withdrawBlueprints(
  inventory: Selling,
  kept: Pick<KeptBlueprints, 'flavors'>,
  log: StockLog,
  still: ReadonlySet<string> = new Set(),
): Promise<void> {
  const written = new Set<string>(await kept.flavors());
  if (written.size === 0) return;
  for (const { lineage, onSale, flavor } of await inventory.ledgers({ blueprint: true })) {
    if (!onSale || !written.has(lineage) || still.has(lineage)) continue;
    await inventory.withdraw(flavor.id);
    log.info({ flavor: flavor.id }, 'blueprint withdrawn: its resource is gone, or is not for sale any more');
  }
}

/** What an instance costs: as annotated, else as configured; or what is missing. */
function priceOf({ price }: WrittenBlueprint, defaults: Defaults): Price | { readonly wrong: string } {
  const { amount, currency, period } = { ...defaults.price, ...price };
  if (amount === undefined)
    return { wrong: 'has no price: annotate it rearguard.dev/price, or say fluidos.services.price in the configuration' };
  if (currency === undefined) return { wrong: 'its price has no currency: annotate it rearguard.dev/currency' };
  if (!isCurrency(currency)) return { wrong: `the currency of its price ${notCurrency(currency)}` };
  return { amount, currency, period: period ?? 'hourly' };
}

/** A resource as it is sold, or why it is not. */
function offered(
  each: WrittenBlueprint,
  { self, now, defaults }: { readonly self: NodeIdentity; readonly now: number; readonly defaults: Defaults },
): { readonly flavor: BlueprintFlavor; readonly instances: number } | { readonly wrong: string } {
  const price = priceOf(each, defaults);
  if ('wrong' in price) return price;
  const places = Object.entries({ ...defaults.location, ...each.location }).filter(([, value]) => value !== undefined);
  const location = places.length > 0 ? Object.fromEntries(places) : undefined;
  const { blueprint, name } = each;
  const terms = offeredTerms(defaults.terms);
  return {
    flavor: blueprintFlavor({
      blueprint,
      named: ['resource', name],
      price,
      ...(location && { location }),
      ...(terms && { terms }),
      self,
      now,
    }),
    instances: each.instances ?? defaults.instances,
  };
}

/** Where nothing of resources is sold: takes off sale what they made, and forgets what was read of them. */
export async function forgetServiceBlueprints({
  inventory,
  kept,
  log,
}: {
  readonly inventory: Selling;
  readonly kept: Pick<KeptBlueprints, 'flavors' | 'noteRead'>;
  readonly log: StockLog;
}): Promise<void> {
  await withdrawBlueprints(inventory, kept, log);
  await kept.noteRead([]);
}

/** What whoever asks is told of a resource. */
function noteOf(
  each: WrittenBlueprints['blueprints'][number],
  instances: number,
  unsold: readonly Unsold[],
  self: NodeIdentity,
): ReadBlueprint {
  const of = unsold
    .filter(({ name }) => name === each.name)
    .map(({ policy, why }) => (policy === undefined ? why : `not as ${policy}: ${why}`));
  const why = (of.length === 0 && 'unsure' in each && each.unsure !== undefined ? [each.unsure] : of).join('; ').slice(0, LONGEST_WHY);
  return {
    resource: each.name,
    flavor: blueprintId(self, 'service', ['resource', each.name]),
    ...('blueprint' in each && { name: each.blueprint.name, instances: each.instances ?? instances }),
    ...(why !== '' && { why }),
  };
}

/** Puts what is written in a namespace on sale, takes off what is not there any more, and notes what came of each. May be repeated. Answers which of them are not on sale, and why. */
async function publishWritten(input: {
  readonly written: WrittenBlueprints;
  readonly defaults: Defaults;
  /** The names of configured services: theirs are taken. */
  readonly taken: ReadonlySet<string>;
  readonly self: NodeIdentity;
  readonly inventory: Selling;
  readonly kept: KeptBlueprints;
  readonly now: number;
  readonly log: StockLog;
  readonly published: Map<string, string>;
}): Promise<readonly Unsold[]> {
  const { written, defaults, taken, self, inventory, kept, now, log, published } = input;
  const wrong: Unsold[] = [];
  const good: Parameters<typeof publishChanged>[0]['good'][number][] = [];
  const lineages = new Set<string>();
  const standing = written.blueprints.some((each) => 'unsure' in each) ? await onSaleOf(inventory) : new Set<string>();
  for (const each of written.blueprints) {
    const { name } = each;
    if ('wrong' in each) {
      wrong.push({ name, why: each.wrong });
      continue;
    }
    const { blueprint } = each;
    const offer = offered(each, { self, now, defaults });
    if ('wrong' in offer) wrong.push({ name, why: offer.wrong });
    else if (taken.has(blueprint.name)) wrong.push({ name, why: `blueprints of the configuration have a service ${blueprint.name}` });
    else if (each.unsure !== undefined && !standing.has(offer.flavor.id)) wrong.push({ name, why: each.unsure });
    else {
      const { flavor, instances } = offer;
      const { createdAt: _, ...described } = flavor;
      const text = JSON.stringify([described, instances, blueprint]);
      // Whatever of it changes but the number makes a new offer: who bought the old one gets the old one.
      const terms = createHash('sha256')
        .update(JSON.stringify([described, blueprint]))
        .digest('hex');
      lineages.add(flavor.id);
      wrong.push(...each.unoffered.map(({ policy, why }) => ({ name, policy, why })));
      good.push({
        name,
        text,
        publish: async () => {
          await kept.keep({ flavor: flavor.id, terms, blueprint });
          await inventory.publish(flavor, terms, instances);
        },
      });
    }
  }
  const withdraw = (): Promise<void> => withdrawBlueprints(inventory, kept, log, lineages);
  const unsold = [...wrong, ...(await publishChanged({ good, published, withdraw }))];
  await kept.noteRead(written.blueprints.map((each) => noteOf(each, defaults.instances, unsold, self)));
  return unsold;
}

/** FLUIDOS ServiceBlueprint resources of a namespace are blueprints of ours, as `followWritten` follows them. */
export async function sellServiceBlueprints(input: {
  readonly serviceBlueprints: ServiceBlueprints;
  readonly fluidos: NonNullable<Configuration['fluidos']>;
  readonly configured: Configuration['blueprints'];
  readonly inventory: Selling;
  readonly kept: KeptBlueprints;
  readonly self: NodeIdentity;
  readonly clock: { now(): number };
  readonly say: (words: string) => void;
  readonly log: StockLog;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { serviceBlueprints, fluidos, configured, inventory, kept, self, clock, say, log, signal } = input;
  const taken = new Set(configured.filter(({ kind = 'service' }) => kind === 'service').map(({ name }) => name));
  const from = { defaults: fluidos.services, taken, self, inventory, kept, log };
  await followWritten<WrittenBlueprints>({
    what: 'ServiceBlueprint resources',
    namespace: fluidos.namespace,
    watch: (...to) => serviceBlueprints.watch(...to),
    count: ({ blueprints }) => blueprints.length,
    publish: (written, published) => publishWritten({ ...from, written, now: clock.now(), published }),
    say,
    log,
    signal,
  });
}
