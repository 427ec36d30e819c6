/** A node that sells its cluster: nodes as a test shows them, a real ledger, and who is told to end. */
import { afterAll, afterEach, beforeEach, inject } from 'vitest';
import type { Fault } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { type ContractId, contractOf, type FlavorId, type TransactionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { sellCluster } from '../../src/runtime/selling-the-cluster.ts';
import { lineageOf } from '../../src/runtime/stock.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { shownNodes, sized, workerOf } from '../fakes/cluster-nodes.ts';
import { cloneDatabase } from './database.ts';

export const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
export const { inventory, contracts } = db.store;
export const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** What it said it mended: `warn` where nobody but a stranger to it can have written that. */
export const told: (readonly ['info' | 'warn', string])[] = [];
const telling = (level: 'info' | 'warn') => (facts: { readonly mended?: string }) => {
  if (facts.mended !== undefined) told.push([level, facts.mended]);
};

let now: number;
export let ended: { readonly contract: ContractId; readonly ending: Ending; readonly by?: string | undefined }[];
/** What ending a contract fails with. */
export const mishap: { endFails: Fault | undefined } = { endFails: undefined };
/** What buyers do once, between a look at what is promised and what is published of it. */
export const meanwhile: { buys: (() => Promise<unknown>) | undefined } = { buys: undefined };
/** Which flavors the store was asked to publish. */
export const published: FlavorId[] = [];
let running: { readonly show: ReturnType<typeof shownNodes>['show']; stop(): Promise<void> }[];

beforeEach(async () => {
  await db.clear();
  now = NOON;
  await db.setClock(now);
  ended = [];
  mishap.endFails = undefined;
  meanwhile.buys = undefined;
  published.length = 0;
  told.length = 0;
  running = [];
});
afterEach(async () => {
  for (const each of running) await each.stop();
});

/** Starts a node that sells its cluster; again for a restart. Not `onSale`: Liqo enforces nothing there any more. */
export function start(sell: object = {}, onSale = true) {
  const configuration = completed(
    ConfigurationSchema.parse({
      node: { id: 'north', domain: 'north.example', address: 'north.example:3004' },
      sell: { headroomPercent: 0, prices: { cpu: '0.1', currency: 'EUR' }, ...sell },
    }),
  );
  if (!configuration.sell) throw new Error('nothing is sold');
  const { localResources, show } = shownNodes();
  const ending = new AbortController();
  const done = sellCluster({
    localResources,
    inventory: {
      ...inventory,
      async publish(flavor, terms) {
        published.push(flavor.id);
        const { buys } = meanwhile;
        meanwhile.buys = undefined;
        await buys?.();
        await inventory.publish(flavor, terms);
      },
    },
    processes: {
      async endContract(transaction, ending, by) {
        if (mishap.endFails) throw mishap.endFails;
        const contract = contractOf(transaction);
        ended.push({ contract, ending, by });
        await contracts.markEnding({ contract, ending });
      },
    },
    sell: configuration.sell,
    onSale,
    self: SELLER,
    clock: { now: () => now },
    log: { ...quiet, info: telling('info'), warn: telling('warn') },
    signal: ending.signal,
  });
  const started = {
    show,
    async stop() {
      ending.abort();
      await done;
    },
  };
  running.push(started);
  return started;
}
export const listed = async () =>
  (await inventory.list())
    .filter(isSlice)
    .map(({ id, offer, price }) => ({ id, cores: Number(offer.resources.cpu), price: price?.amount }));
export const cores = async (): Promise<readonly number[]> => (await listed()).map((each) => each.cores).toSorted((a, b) => a - b);
const hold = async (flavor: FlavorId, n: number): Promise<TransactionId> => {
  const transaction = newTransaction();
  await inventory.reserve({ flavor, buyer: buyerOf('alice'), part: sized(n), idempotencyKey: transaction, transaction, ttlMs: 60_000 });
  return transaction;
};
/** Sells so many cores of a flavor, a second after what was sold before. */
export async function sell(flavor: FlavorId | undefined, n: number): Promise<ContractId> {
  if (!flavor) throw new Error('nothing is listed');
  now += 1_000;
  await db.setClock(now);
  const transaction = await hold(flavor, n);
  const contract = contractOf(transaction);
  await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: 86_400_000 });
  return contract;
}
export const over = (contract: ContractId): Promise<void> => inventory.giveBack({ contract, ending: { reason: 'breach' } });
export const later = async (ms: number): Promise<void> => {
  now += ms;
  await db.setClock(now);
};
/** The flavor of a node, by its first id. */
export const of = (name: string): FlavorId => lineageOf(SELLER, 'node', name);
export const cordoned = (node: ClusterNode): ClusterNode => ({ ...node, cordoned: true });
export const away = (node: ClusterNode): ClusterNode => ({ ...node, ready: false });
export const [a, b] = [workerOf('a'), workerOf('b')];
