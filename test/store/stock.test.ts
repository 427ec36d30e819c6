/** The cluster becomes flavors and stays true: nodes as a test shows them, a real ledger, and who is told to end. */
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { type ContractId, contractOf, type FlavorId, type TransactionId } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { sellCluster } from '../../src/runtime/selling-the-cluster.ts';
import { lineageOf, withdrawStock } from '../../src/runtime/stock.ts';
import { toldOf } from '../contracts/following.ts';
import { buyerOf, flavorOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { shownNodes, sized, workerOf } from '../fakes/cluster-nodes.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory, contracts } = db.store;
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

let now: number;
let ended: { readonly contract: ContractId; readonly ending: Ending; readonly by?: string | undefined }[];
let endFails: Fault | undefined;
/** Which flavors the store was asked to publish. */
let published: FlavorId[];
let running: { readonly show: ReturnType<typeof shownNodes>['show']; stop(): Promise<void> }[];

beforeEach(async () => {
  await db.clear();
  now = NOON;
  await db.setClock(now);
  ended = [];
  endFails = undefined;
  published = [];
  running = [];
});
afterEach(async () => {
  for (const each of running) await each.stop();
});

/** Starts a node that sells its cluster; again for a restart. */
function start(sell: object = {}) {
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
        await inventory.publish(flavor, terms);
      },
    },
    processes: {
      async endContract(transaction, ending, by) {
        if (endFails) throw endFails;
        const contract = contractOf(transaction);
        ended.push({ contract, ending, by });
        await contracts.markEnding({ contract, ending });
      },
    },
    sell: configuration.sell,
    self: SELLER,
    clock: { now: () => now },
    log: quiet,
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
const listed = async () =>
  (await inventory.list())
    .filter(isSlice)
    .map(({ id, offer, price }) => ({ id, cores: Number(offer.resources.cpu), price: price?.amount }));
const cores = async (): Promise<readonly number[]> => (await listed()).map((each) => each.cores).toSorted((a, b) => a - b);
const hold = async (flavor: FlavorId, n: number): Promise<TransactionId> => {
  const transaction = newTransaction();
  await inventory.reserve({ flavor, buyer: buyerOf('alice'), part: sized(n), idempotencyKey: transaction, transaction, ttlMs: 60_000 });
  return transaction;
};
/** Sells so many cores of a flavor, a second after what was sold before. */
async function sell(flavor: FlavorId | undefined, n: number): Promise<ContractId> {
  if (!flavor) throw new Error('nothing is listed');
  now += 1_000;
  await db.setClock(now);
  const transaction = await hold(flavor, n);
  const contract = contractOf(transaction);
  await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: 86_400_000 });
  return contract;
}
const over = (contract: ContractId): Promise<void> => inventory.giveBack({ contract, ending: { reason: 'breach' } });
const later = async (ms: number): Promise<void> => {
  now += ms;
  await db.setClock(now);
};
/** The flavor of a node, by its first id. */
const of = (name: string): FlavorId => lineageOf(SELLER, 'node', name);
const cordoned = (node: ClusterNode): ClusterNode => ({ ...node, cordoned: true });
const away = (node: ClusterNode): ClusterNode => ({ ...node, ready: false });
const [a, b] = [workerOf('a'), workerOf('b')];

describe('the cluster becomes flavors', () => {
  it('of each node what it has, at its price, and no more than that', async () => {
    const { show } = start();
    await show(a, workerOf('b', { own: sized(6) }));
    expect((await listed()).map(({ cores: n, price }) => [n, price]).toSorted()).toEqual([
      [10, '1'],
      [4, '0.4'],
    ]);
  });

  it('of an architecture together', async () => {
    const { show } = start({ pool: 'architecture', headroomPercent: 10 });
    await show(a, b);
    expect(await cores()).toEqual([18]);
  });

  it('that stay true: a node that joins, is cordoned, comes back, is drained, goes; own load that rises and falls', async () => {
    const { show } = start();
    await show(a);
    expect(await cores()).toEqual([10]);
    await show(a, b);
    expect(await cores()).toEqual([10, 10]);
    await show(a, cordoned(b));
    expect(await cores()).toEqual([10]);
    await show(a, b);
    expect(await cores()).toEqual([10, 10]);
    await show({ ...a, own: sized(7) }, b);
    expect(await cores()).toEqual([3, 10]);
    await show({ ...a, own: sized(1) }, away(b));
    expect(await cores()).toEqual([9]);
    await show();
    expect(await cores()).toEqual([]);
    expect(ended).toEqual([]);
  });

  it('under ids that go on being served while only amounts change, and not when the price does', async () => {
    const first = start();
    await first.show(a);
    const [before] = await listed();
    await first.show({ ...a, own: sized(3) });
    await first.show(cordoned(a));
    await first.show({ ...a, own: sized(2) });
    const bought = await sell(before?.id, 4);
    expect((await contracts.get(bought))?.terms).toMatchObject({ price: { amount: '0.4' }, resources: sized(4) });
    await first.stop();
    const dearer = start({ prices: { cpu: '0.2', currency: 'EUR' } });
    await dearer.show(a);
    await expect(sell(before?.id, 1)).rejects.toMatchObject({ code: 'FLAVOR_GONE' });
    expect(await listed()).toMatchObject([{ cores: 6, price: '1.2' }]);
  });

  it('leaves the ledger alone when nothing changed, and makes no flavor of what only shrinks', async () => {
    const { show } = start();
    await show(a);
    expect(await toldOf(inventory, () => show(a))).toEqual([]);
    for (let own = 1; own < 9; own += 1) await show({ ...a, own: sized(own) });
    for (let own = 9; own >= 0; own -= 1) await show({ ...a, own: sized(own) });
    const [rows] = await db.sql`select count(*)::integer as count from flavor`;
    expect(rows).toEqual({ count: 1 });
    expect(await cores()).toEqual([10]);
  });

  it('asks the store after those alone that changed, and after one that somebody else took off sale', async () => {
    const { show } = start();
    await show(a, b);
    published = [];
    await show({ ...a, own: sized(2) }, b);
    await show({ ...a, own: sized(2) }, b);
    expect(published).toEqual([of('a')]);
    await inventory.withdraw(of('b'));
    await show({ ...a, own: sized(2) }, b);
    expect(published).toEqual([of('a'), of('b')]);
    expect(await cores()).toEqual([8, 10]);
  });

  it('leaves hand-written flavors alone, and goes off sale when the cluster is not sold any more', async () => {
    await inventory.publish(flavorOf('hand'));
    const first = start();
    await first.show(a);
    expect(await listed()).toHaveLength(2);
    await withdrawStock(inventory, quiet);
    expect(await listed()).toMatchObject([{ id: 'north.example-k8slice-hand' }]);
  });

  it('withdraws at a restart what went meanwhile', async () => {
    const first = start();
    await first.show(a, b);
    await first.stop();
    await start().show(b);
    expect(await cores()).toEqual([10]);
  });
});

describe('what is sold', () => {
  it('is never touched by what changes, and never sold twice: what its own node lacks stands on the others', async () => {
    const { show } = start();
    await show(a, b);
    await sell(of('a'), 6);
    expect(await cores()).toEqual([4, 10]);
    await show(cordoned(a), b);
    expect(await cores()).toEqual([4]);
    await show({ ...a, own: sized(7) }, { ...b, own: sized(7) });
    expect(await cores()).toEqual([]);
    await show(a, b);
    expect(await cores()).toEqual([4, 10]);
    expect(await inventory.sums()).toMatchObject({ sold: sized(6) });
    expect(ended).toEqual([]);
  });

  it('may be given back while its node is cordoned; then the others offer all they have, and it does when it is back', async () => {
    const { show } = start();
    await show(a, b);
    const contract = await sell(of('a'), 6);
    expect((await show(cordoned(a), b))?.againMs).toBeLessThanOrEqual(5_000);
    await over(contract);
    expect(await show(cordoned(a), b)).toBeUndefined();
    expect(await cores()).toEqual([10]);
    await show(a, b);
    expect(await cores()).toEqual([10, 10]);
  });

  it('stays counted when the pool is made otherwise', async () => {
    const first = start();
    await first.show(a, b);
    await sell(of('a'), 6);
    await first.stop();
    await start({ pool: 'architecture' }).show(a, b);
    expect(await cores()).toEqual([14]);
  });
});

describe('what was sold and is not there any more', () => {
  it('ends at once when a node is deleted: the newest of that node first, and no more than it takes', async () => {
    const { show } = start();
    await show(a, b);
    const [old, middle, newest, elsewhere] = [
      await sell(of('a'), 4),
      await sell(of('a'), 3),
      await sell(of('a'), 3),
      await sell(of('b'), 5),
    ];
    await show(b);
    expect(ended.map(({ contract }) => contract)).toEqual([newest, middle]);
    const detail = expect.stringMatching(/has cpu 10,.*amd64.*for cpu 15,/);
    expect(ended[0]).toMatchObject({ ending: { reason: 'breach', detail }, by: 'seller' });
    expect(await cores()).toEqual([]);
    await show(b);
    expect(ended).toHaveLength(2);
    for (const { contract } of ended) await over(contract);
    await show(b);
    expect(await cores()).toEqual([1]);
    const living = (await contracts.list({ living: true })).map(({ terms }) => terms.id);
    expect(living.toSorted()).toEqual([old, elsewhere].toSorted());
  });

  it('ends nothing when the other nodes have room for it', async () => {
    const { show } = start();
    await show(a, b);
    await sell(of('a'), 6);
    await show(b);
    expect(ended).toEqual([]);
    expect(await cores()).toEqual([4]);
  });

  it('is found out at a restart, when the node went meanwhile', async () => {
    const first = start();
    await first.show(a, b);
    const lost = await sell(of('a'), 6);
    await sell(of('b'), 6);
    await first.stop();
    await start().show(b);
    expect(ended.map(({ contract }) => contract)).toEqual([lost]);
  });

  it.each<[string, ClusterNode]>([
    ['a node that is not Ready', away(a)],
    ['own pods that need it', { ...a, own: sized(8) }],
  ])('is waited for, as long as the tolerance, with %s', async (_, worse) => {
    const { show } = start({ toleranceSeconds: 60 });
    await show(a);
    const old = await sell(of('a'), 2);
    const contract = await sell(of('a'), 4);
    expect(await show(worse)).toEqual({ againMs: expect.any(Number) });
    await later(59_000);
    expect((await show(worse))?.againMs).toBe(1_000);
    await show(a);
    await show(worse);
    await later(59_999);
    await show(worse);
    expect(ended).toEqual([]);
    await later(1);
    await show(worse);
    expect(ended.map((each) => each.contract)).toEqual(worse.ready ? [contract] : [contract, old]);
  });

  it('is waited for although a node is deleted that carried nothing', async () => {
    const { show } = start({ toleranceSeconds: 60 });
    await show(a, away(b));
    await sell(of('a'), 6);
    await show(a, away(b));
    expect(await show(away(a), away(b))).toEqual({ againMs: expect.any(Number) });
    expect(await show(away(a))).toEqual({ againMs: expect.any(Number) });
    expect(ended).toEqual([]);
  });

  it('of a pool ends at once too when a node of it is deleted', async () => {
    const { show } = start({ pool: 'architecture' });
    await show(a, b);
    const contract = await sell((await listed())[0]?.id, 12);
    await show(b);
    expect(ended.map((each) => each.contract)).toEqual([contract]);
  });

  it('is not ended for nodes that are only not selected, or cordoned, any more', async () => {
    const { show } = start();
    await show(a);
    await sell(of('a'), 6);
    await show({ ...a, labels: { 'kubernetes.io/arch': 'amd64' } });
    await show(cordoned(a));
    await later(86_400_000);
    await show(cordoned(a));
    expect(ended).toEqual([]);
    expect(await cores()).toEqual([]);
  });

  it('is told again until it was heard; a sale that nobody serves is left to the reconciliation', async () => {
    const { show } = start();
    await show(a);
    const contract = await sell(of('a'), 6);
    endFails = new Fault('PROCESSES_UNAVAILABLE', 'Temporal is away');
    const small = { ...b, own: sized(8) };
    await expect(show(small)).rejects.toMatchObject({ code: 'PROCESSES_UNAVAILABLE' });
    endFails = new Fault('NOT_FOUND', 'no such workflow');
    await show(small);
    endFails = undefined;
    await show(small);
    expect(ended.map((each) => each.contract)).toEqual([contract]);
  });
});
