/** What may happen to a market, as data: what a property test makes, does many of at once, and tells. */
import fc from 'fast-check';
import { type FaultCode, isFault } from '../../src/domain/faults.ts';
import { GPU_KINDS } from '../../src/domain/gpu.ts';
import { contractOf, type FlavorId, type TransactionId } from '../../src/domain/ids.ts';
import { add, NOTHING, type Resources } from '../../src/domain/resources.ts';
import { withGpus } from '../../src/domain/stock-gpus.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import type { LeftOnSale } from '../../src/runtime/stock-mended.ts';
import { publishStock } from '../../src/runtime/stock.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { gpuNode, sized, workerOf } from '../fakes/cluster-nodes.ts';

const BUYERS = ['ann', 'bea', 'cid', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon'] as const;
const NODES = ['a', 'b', 'gpus'] as const;
const POOLS = ['node', 'architecture'] as const;
/** How long a reservation holds. */
export const TTL = 60_000;
/** The least that is sold, and the step. */
export const LEAST: Resources = { cpu: '500m', memory: '1Gi', pods: '1' };

/** Numbers pick among what there is by then. */
export type Act =
  | { readonly do: 'reserve'; readonly buyer: string; readonly key: string | undefined; readonly flavor: number; readonly part: Resources }
  | { readonly do: 'rush'; readonly flavor: number; readonly part: Resources }
  | { readonly do: 'sell' | 'release' | 'abandon' | 'give back'; readonly hold: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'node'; readonly name: (typeof NODES)[number]; readonly cores: number; readonly own: number; readonly state: State }
  | { readonly do: 'pool'; readonly pool: (typeof POOLS)[number] }
  | { readonly do: 'recount' };
type State = 'there' | 'cordoned' | 'away' | 'gone';

const part = fc
  .record({
    cpu: fc.integer({ min: 1, max: 12 }),
    memory: fc.integer({ min: 1, max: 12 }),
    pods: fc.integer({ min: 1, max: 60 }),
    gpu: fc.option(fc.integer({ min: 0, max: 8 }), { freq: 4 }),
  })
  .map(
    ({ cpu, memory, pods, gpu }): Resources => ({
      cpu: `${cpu * 500}m`,
      memory: `${memory}Gi`,
      pods: `${pods}`,
      ...(gpu !== null && { gpu: `${gpu}` }),
    }),
  );
const key = fc.option(
  fc.nat(5).map((n) => `k${n}`),
  { nil: undefined },
);
const hold = fc.nat(30);
const flavor = fc.nat(12);
const weighed = <T extends Act>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const act: fc.Arbitrary<Act> = fc.oneof(
  weighed(6, fc.record({ do: fc.constant('reserve' as const), buyer: fc.constantFrom(...BUYERS), key, flavor, part })),
  weighed(2, fc.record({ do: fc.constant('rush' as const), flavor, part })),
  weighed(
    7,
    fc.record({
      do: fc.constantFrom('sell' as const, 'sell' as const, 'give back' as const, 'release' as const, 'abandon' as const),
      hold,
    }),
  ),
  weighed(1, fc.record({ do: fc.constant('wait' as const), ms: fc.nat(2 * TTL) })),
  weighed(
    3,
    fc.record({
      do: fc.constant('node' as const),
      name: fc.constantFrom(...NODES),
      cores: fc.nat(12),
      own: fc.nat(6),
      state: fc.constantFrom<State>('there', 'there', 'cordoned', 'away', 'gone'),
    }),
  ),
  weighed(1, fc.record({ do: fc.constant('pool' as const), pool: fc.constantFrom(...POOLS) })),
  weighed(1, fc.constant({ do: 'recount' as const })),
);
/** Batches, the acts of each at once. A counterexample has fewer of them, not smaller ones: that is what it takes long to find out. */
export const batches = fc.array(fc.array(fc.noShrink(act), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });

/** A counterexample as somebody reads it. */
export const told = (all: readonly (readonly Act[])[]): string =>
  all.map((each, n) => `${n + 1}. at once: ${each.map((one) => JSON.stringify(one).replaceAll('"', '')).join(' | ')}`).join('\n');

/** A seller with several processes, its cluster, and what was done with it so far. */
export interface Market {
  readonly inventories: readonly Inventory[];
  setClock(at: number): Promise<void>;
  now: number;
  pool: (typeof POOLS)[number];
  readonly nodes: Map<string, ClusterNode>;
  /** Flavors that somebody may ask for, those of the last list first. */
  flavors: readonly FlavorId[];
  readonly holds: { readonly id: TransactionId; readonly buyer: string; readonly key: string | undefined }[];
  /** What waits for another of its kind: time, and the one watch of nodes. */
  passing: Promise<unknown>;
  watching: Promise<unknown>;
  /** What the last look left on sale. */
  readonly left: LeftOnSale;
}

/** Two nodes of ten cores, and one with as many GPUs. */
export function openMarket(with_: Pick<Market, 'inventories' | 'setClock'>): Market {
  const market: Market = {
    ...with_,
    now: NOON,
    pool: 'node',
    nodes: new Map(),
    flavors: [],
    holds: [],
    passing: Promise.resolve(),
    watching: Promise.resolve(),
    left: new Map(),
  };
  for (const name of NODES) shown(market, { name, cores: 10, own: 0, state: 'there' });
  return market;
}

function shown({ nodes }: Market, { name, cores, own, state }: Pick<Act & { do: 'node' }, 'name' | 'cores' | 'own' | 'state'>): void {
  nodes.delete(name);
  if (state === 'gone') return;
  const change = { allocatable: sized(cores), ready: state !== 'away', cordoned: state === 'cordoned' };
  const node = name === 'gpus' ? gpuNode(name, cores, { ...change, own }) : workerOf(name, change);
  nodes.set(name, withGpus({ ...node, own: sized(own) }, GPU_KINDS));
}

/** What its nodes have to sell. */
export const clusterOf = ({ nodes }: Market): Resources =>
  [...nodes.values()]
    .filter(({ ready, cordoned }) => ready && !cordoned)
    .map(({ gpus, allocatable, own }) => {
      const cores = Math.max(0, Number(allocatable.cpu) - Number(own.cpu));
      return gpus ? { ...sized(cores), gpu: `${cores}` } : sized(cores);
    })
    .reduce(add, NOTHING);

const sellOf = (pool: Market['pool']) => {
  const { sell } = completed(
    ConfigurationSchema.parse({
      node: { id: 'north', domain: 'north.example', address: 'north.example:3004' },
      sell: { headroomPercent: 0, pool, prices: { cpu: '0.1', currency: 'EUR' }, minimum: LEAST, step: LEAST },
    }),
  );
  if (!sell) throw new Error('nothing is sold');
  return sell;
};
const log = {
  info: () => {},
  warn(facts: object) {
    throw new Error(`nobody wrote behind its back, and yet it says so: ${JSON.stringify(facts)}`);
  },
  error: () => {},
};

/** The nodes are looked at, one look after the other. */
export async function look(market: Market): Promise<void> {
  const inventory = market.inventories.at(-1);
  if (!inventory) throw new Error('no process watches');
  market.watching = market.watching.then(() =>
    publishStock({
      nodes: [...market.nodes.values()],
      sell: sellOf(market.pool),
      self: SELLER,
      inventory,
      now: market.now,
      log,
      left: market.left,
    }),
  );
  await market.watching;
}

/** What a buyer may hear. */
const REFUSALS: readonly FaultCode[] = [
  'FLAVOR_GONE',
  'NOT_ENOUGH',
  'CONFIGURATION_INVALID',
  'HOLD_RELEASED',
  'HOLD_EXPIRED',
  'BAD_REQUEST',
  'NOT_FOUND',
];
const refusable = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    if (!isFault(error) || !REFUSALS.includes(error.code)) throw error;
    return undefined;
  }
};

const pick = <T>(from: readonly T[], n: number): T | undefined => (from.length === 0 ? undefined : from[n % from.length]);

/** Does one act at the `turn`-th process. */
export async function perform(market: Market, act: Act, turn: number): Promise<void> {
  const inventory = pick(market.inventories, turn);
  if (!inventory) throw new Error('no process answers');
  const reserve = async (buyer: string, key: string | undefined, { flavor, part }: Pick<Act & { do: 'rush' }, 'flavor' | 'part'>) => {
    const [named, id] = [pick(market.flavors, flavor), newTransaction()];
    if (!named) return undefined;
    market.holds.push({ id, buyer, key });
    const call = {
      flavor: named,
      buyer: buyerOf(buyer),
      part,
      transaction: id,
      ttlMs: TTL,
      ...(key !== undefined && { idempotencyKey: key }),
    };
    return await refusable(inventory.reserve(call));
  };
  const sell = (transaction: TransactionId) =>
    refusable(inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: TTL }));
  switch (act.do) {
    case 'reserve':
      return void (await reserve(act.buyer, act.key, act));
    case 'rush':
      return void (await Promise.all(
        BUYERS.map(async (buyer) => {
          const held = await reserve(buyer, newTransaction(), act);
          if (held) await sell(held.id);
        }),
      ));
    case 'wait':
      market.passing = market.passing.then(() => market.setClock((market.now += act.ms)));
      return void (await market.passing);
    case 'node':
      shown(market, act);
      return await look(market);
    case 'pool':
      market.pool = act.pool;
      return await look(market);
    case 'recount': {
      const { mended, failed } = await inventory.recount();
      const found = [...mended, ...failed];
      if (found.length > 0) throw new Error(`a recount found something to mend: ${found.join('; ')}`);
      return;
    }
  }
  const hold = pick(market.holds, act.hold);
  if (!hold) return;
  switch (act.do) {
    case 'sell':
      return void (await sell(hold.id));
    case 'give back':
      return await inventory.giveBack({ contract: contractOf(hold.id), transaction: hold.id, ending: { reason: 'done' } });
    case 'abandon':
      return void (await inventory.abandon(hold.id));
    case 'release':
      if (hold.key !== undefined) await inventory.release({ buyer: buyerOf(hold.buyer), idempotencyKey: hold.key });
  }
}
