import { isFault } from '../domain/faults.ts';
import { type NodeIdentity, isSlice } from '../domain/flavor.ts';
import { gpuNameOf } from '../domain/gpu.ts';
import type { FlavorId } from '../domain/ids.ts';
import { parseSelector } from '../domain/label-selector.ts';
import { NOTHING, type Resources, add, fits, sameResources } from '../domain/resources.ts';
import { type OfferDefaults, STOCK, offerOf } from '../domain/stock-offer.ts';
import { type ClusterNode, type Promised, type Stock, type StockRules, stockOf, totalsOf } from '../domain/stock.ts';
import type { Inventory, Ledger } from '../ports/inventory.ts';
import type { SellConfiguration } from './configuration.ts';
import { offeredTerms } from './configuration-terms.ts';
import { derivedFlavorId } from './flavor-ids.ts';
import { type LeftOnSale, tellMended } from './stock-mended.ts';

export interface StockLog {
  info(facts: object, words: string): void;
  warn(facts: object, words: string): void;
  error(facts: object, words: string): void;
}

type Pool = SellConfiguration['pool'];

/** As hand-written ones are named, the same at each start and on each node object of that name. */
export const lineageOf = (self: NodeIdentity, pool: Pool, name: string): FlavorId => derivedFlavorId(self, 'stock', pool, name);

/** How a flavor of the cluster was made; `undefined` for one that was written by hand. */
const poolOf = ({ flavor }: Ledger): Pool | undefined => {
  const made = isSlice(flavor) ? flavor.offer.additionalProperties?.[STOCK] : undefined;
  return made === 'node' || made === 'architecture' ? made : undefined;
};
const architectureOf = ({ flavor }: Ledger): string => (isSlice(flavor) ? flavor.offer.architecture : '');

/** A flavor of the cluster with what is promised of it. */
export interface StockLedger extends Ledger {
  readonly pool: Pool;
  readonly architecture: string;
  /** Which GPUs are among it, by their name. */
  readonly gpus?: string;
}
export const stockLedgers = async (inventory: Pick<Inventory, 'ledgers'>): Promise<readonly StockLedger[]> =>
  (await inventory.ledgers({ property: STOCK })).flatMap((ledger) => {
    const pool = poolOf(ledger);
    const gpus = gpuNameOf(ledger.flavor);
    return pool ? [{ ...ledger, pool, architecture: architectureOf(ledger), ...(gpus !== undefined && { gpus }) }] : [];
  });

const rulesOf = ({ nodes, pool, headroomPercent, controlPlane }: SellConfiguration): StockRules => ({
  nodes: parseSelector(nodes) ?? (() => false),
  pool,
  headroomPercent,
  controlPlane,
});

function defaultsOf(sell: SellConfiguration): OfferDefaults {
  const { prices, location, latencyMs, securityStandards, carbonFootprint, properties, minimum, step } = sell;
  const terms = offeredTerms(sell.terms);
  return {
    ...(prices && { prices: defined(prices) }),
    ...(location && { location: defined(location) }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(securityStandards && { securityStandards }),
    ...(carbonFootprint && { carbonFootprint }),
    ...(properties && { properties }),
    ...(terms && { terms }),
    partitionability: { min: defined(minimum), step: defined(step) },
  };
}
type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const defined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;

/** What of the cluster is on sale comes off it, but for `kept`; what is sold stays sold. */
export async function withdrawStock(
  inventory: Pick<Inventory, 'ledgers' | 'withdraw'>,
  log: StockLog,
  kept: ReadonlySet<string> = new Set(),
): Promise<void> {
  for (const { lineage, onSale } of await stockLedgers(inventory)) {
    if (!onSale || kept.has(lineage)) continue;
    await inventory.withdraw(lineage);
    log.info({ flavor: lineage }, 'flavor withdrawn: the cluster does not have it, or does not sell it, any more');
  }
}

/** How often what is promised is read again in one look; what buyers do meanwhile after that, the next look finds. */
const MOST_ROUNDS = 5;

/**
 * Makes flavors of the nodes as they are now: publishes what there is, withdraws what there is not any more. What is sold is never touched; it counts against its own nodes, and where these have less than that,
 * against the others of their architecture. What is sold of a flavor until it is published with less is only known after that: so what is promised is read again until nothing is left to publish. Answers whether to
 * look again although no node changes: something is promised beyond its own nodes. May be repeated; what is published already costs no statement, so that a storm of changes on one node keeps no reservation on the
 * others waiting.
 */
export async function publishStock(input: {
  readonly nodes: readonly ClusterNode[];
  readonly sell: SellConfiguration;
  readonly self: NodeIdentity;
  readonly inventory: Pick<Inventory, 'ledgers' | 'publish' | 'withdraw'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly log: StockLog;
  /** What the last look left, and this one leaves. */
  readonly left: LeftOnSale;
}): Promise<{ readonly beyond: boolean }> {
  const { nodes, sell, self, inventory, now, log, left } = input;
  const { pool } = sell;
  const defaults = defaultsOf(sell);
  const stock = stockOf(nodes, rulesOf(sell));
  const names = new Map<string, string>(stock.map(({ name }) => [lineageOf(self, pool, name), name]));
  const own = new Map(stock.map(({ name, sellable }) => [name, sellable]));
  /** Whether it had to be. */
  const publish = async (each: Stock, total: Resources, before: StockLedger | undefined): Promise<boolean> => {
    const id = lineageOf(self, pool, each.name);
    const { flavor, terms } = offerOf({ stock: each, total, id, pool, defaults, self, now });
    const isSame = before?.onSale && before.sound && before.terms === terms && sameResources(before.wanted, total);
    try {
      if (!isSame) {
        await inventory.publish(flavor, terms);
        tellMended({ id, before, total, left, log });
      }
      left.set(id, total);
      return !isSame;
    } catch (error) {
      if (!isFault(error) || error.code === 'STORE_UNAVAILABLE') throw error;
      left.delete(id);
      log.error({ flavor: id, node: each.name, code: error.code, why: error.message }, 'flavor not published');
      return false;
    }
  };
  for (const id of left.keys()) if (!names.has(id)) left.delete(id);
  // Off sale first: nothing more is promised of what is gone while the others are counted.
  await withdrawStock(inventory, log, new Set(names.keys()));
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const ledgers = new Map((await stockLedgers(inventory)).map((ledger) => [names.get(ledger.lineage) ?? ledger.lineage, ledger]));
    const promised = new Map([...ledgers].map(([name, ledger]) => [name, promisedOf(ledger)]));
    const totals = totalsOf(stock, promised);
    let published = false;
    for (const each of stock)
      published = (await publish(each, totals.get(each.name) ?? each.sellable, ledgers.get(each.name))) || published;
    if (!published) return { beyond: [...promised].some(([name, { resources }]) => !fits(own.get(name) ?? NOTHING, resources)) };
  }
  return { beyond: true };
}

const promisedOf = ({ architecture, gpus, sold, held }: StockLedger): Promised => ({
  architecture,
  ...(gpus !== undefined && { gpus }),
  resources: add(sold, held),
});
