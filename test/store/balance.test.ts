/** Many buyers at once, of a cluster that changes beneath them: each ledger adds up at every moment, and after each batch sold + held + free is what the cluster has, and what is listed can be bought. */
import fc from 'fast-check';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { Fault } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf, type TransactionId } from '../../src/domain/ids.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { followed } from '../contracts/following.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { type Act, batches, clusterOf, LEAST, look, type Market, openMarket, perform, told, TTL } from './balance-acts.ts';
import { imbalances, listable, misoffered, readMoment } from './balance-moment.ts';
import { cloneDatabase, SCHEMA } from './database.ts';

const db = await cloneDatabase(inject('databases'));
/** Of another process of the same node. */
const other = await openStore({ url: db.url, schema: SCHEMA, maxConnections: 8 });
afterAll(async () => {
  await other.close();
  await db.drop();
});
const { contracts } = db.store;

/** Whatever is done at once is over before anything is said of it. */
async function allOf(calls: readonly Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(calls)).find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
}

function none(wrong: readonly string[], when: string): void {
  if (wrong.length > 0) throw new Error(`${when}: ${wrong.join('; ')}`);
}
const balanced = async (when: string): Promise<void> => none(imbalances(await readMoment(db.sql)), when);

/** Buys everything that is listed, each by a buyer of its own, all at once; then nothing is listed, and all of it is given back. */
async function buyWhatIsListed({ inventories: [inventory] }: Market): Promise<void> {
  if (!inventory) throw new Error('no process answers');
  const listed = (await inventory.list()).filter(isSlice);
  const buying = listed.map(async ({ id, offer }, n) => {
    const transaction = newTransaction();
    const call = { flavor: id, buyer: buyerOf(`whole-${n}`), part: offer.resources, idempotencyKey: transaction, transaction, ttlMs: TTL };
    await inventory.reserve(call);
    const contract = contractOf(transaction);
    await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: TTL });
    return contract;
  });
  await allOf(buying);
  none(
    (await inventory.list()).map(({ id }) => `${id} is listed`),
    'when everything is bought',
  );
  await balanced('when everything is bought');
  await allOf(buying.map(async (bought) => await inventory.giveBack({ contract: await bought, ending: { reason: 'done' } })));
}

/** What has to hold when nothing goes on any more. */
async function holdsTrue(market: Market, kept: ReturnType<typeof followed>): Promise<void> {
  const [inventory] = market.inventories;
  if (!inventory) throw new Error('no process answers');
  const moment = await readMoment(db.sql);
  none([...imbalances(moment), ...misoffered(moment, clusterOf(market), false)], 'after all of it');
  // As a watch does after a while, since what ends meanwhile changes no node.
  await look(market);
  const looked = await readMoment(db.sql);
  none(misoffered(looked, clusterOf(market), true), 'once the nodes were looked at again');
  const listed = await inventory.list();
  expect(listed).toHaveLength(listable(looked, LEAST));
  expect((await inventory.sums()).flavors).toBe(listed.length);
  expect(await kept()).toEqual(listed.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  market.flavors = [...new Set([...listed.map(({ id }) => id), ...market.flavors])];
  await buyWhatIsListed(market);
  const after = await readMoment(db.sql);
  none([...imbalances(after), ...misoffered(after, clusterOf(market), true)], 'when everything was bought and given back');
}

/** Plays batches on an empty store, and ends everything; those that it came to are then among `played`. `as` stands between the market and the store. */
async function play(
  all: readonly (readonly Act[])[],
  played: (readonly Act[])[],
  as: (inventory: Inventory) => Inventory = (inventory) => inventory,
): Promise<void> {
  await db.clear();
  await db.setClock(NOON);
  const inventories = [db.store.inventory, other.inventory].map(as);
  const [inventory] = inventories;
  if (!inventory) throw new Error('no process answers');
  const kept = followed(inventory);
  const market = openMarket({ inventories, setClock: db.setClock });
  await look(market);
  const first = await inventory.list();
  await holdsTrue(market, kept);
  for (const batch of all) {
    played.push(batch);
    const doing = batch.map((act, turn) => perform(market, act, turn));
    await allOf([...doing, balanced('while it goes on')]);
    await holdsTrue(market, kept);
  }
  for (const { id } of market.holds) await inventory.giveBack({ contract: contractOf(id), transaction: id, ending: { reason: 'done' } });
  await look(openMarket(market));
  await balanced('when everything was given back');
  const living = await contracts.list({ living: true });
  const { sold, held, holds } = await inventory.sums();
  none(
    [...living.map(({ terms }) => `the contract of ${terms.buyer.id} is living`), ...(holds > 0 ? [`${holds} are reserved`] : [])],
    'although everything was given back',
  );
  const nameless = (flavors: typeof first) => flavors.map((flavor) => ({ ...flavor, id: '', createdAt: '' }));
  expect(nameless(await inventory.list())).toEqual(nameless(first));
  expect({ sold, held }).toMatchObject({ sold: { cpu: '0' }, held: { cpu: '0', gpu: '0' } });
  expect((await contracts.allocations()).filter(({ state }) => state !== 'released')).toEqual([]);
}

/** How long a counterexample is made smaller. */
const SHRINKING_MS = 30_000;
/** Of a planted fault it is enough to see that its counterexample gets smaller. */
const PLANTED_SHRINKS = 6;

/**
 * Plays many batches, until some are refused; makes them as few as it can, and answers which and why. What a race did once it need not do at once again: from the first refusal on each is tried several times.
 */
async function refused(runs: number, as?: (inventory: Inventory) => Inventory): Promise<string | undefined> {
  const [again, most] = as ? [1, PLANTED_SHRINKS] : [4, Number.POSITIVE_INFINITY];
  let last: { readonly all: readonly (readonly Act[])[]; readonly why: string } | undefined;
  let shrinks = 0;
  let until = Number.POSITIVE_INFINITY;
  const property = fc.asyncProperty(batches, async (all) => {
    const tries = last ? again : 1;
    if (last && ((shrinks += 1) > most || performance.now() > until)) return;
    for (let n = 0; n < tries; n += 1) {
      const played: (readonly Act[])[] = [];
      try {
        await play(all, played, as);
      } catch (error) {
        if (!last) until = performance.now() + SHRINKING_MS;
        last = { all: played, why: error instanceof Error ? error.message : String(error) };
        throw error;
      }
    }
  });
  const { failed, seed, numRuns } = await fc.check(property, { numRuns: runs });
  return failed ? `seed ${seed}, run ${numRuns}:\n${told(last?.all ?? [])}\n${last?.why}` : undefined;
}

it('is in balance while and after many things happen at once, and as at first when everything is over', { timeout: 180_000 }, async () => {
  expect(await refused(Number(process.env['REARGUARD_TEST_RUNS'] ?? 20))).toBeUndefined();
});

describe('refuses', () => {
  const moves = (transaction: TransactionId, sign: 1 | -1) => db.sql`
    update lineage l set sold = moved.sold, total = array(select greatest(a, b) from unnest(l.total, moved.sold) as both_of (a, b))
    from (select h.lineage, array(select a + ${sign}::integer * b from unnest(l.sold, h.amounts) as both_of (a, b)) as sold
      from hold h join lineage l on l.id = h.lineage where h.transaction = ${transaction}) moved
    where l.id = moved.lineage`;
  const ofHal = async (transaction: TransactionId | undefined): Promise<boolean> =>
    transaction !== undefined && (await db.store.inventory.hold(transaction))?.buyer?.id === 'hal';

  it.each<[string, (inventory: Inventory) => Partial<Inventory>, RegExp]>([
    [
      'a sale that the ledger forgets, and makes a second time',
      ({ sell }) => ({
        async sell(input) {
          const contract = await sell(input);
          if (await ofHal(input.transaction)) await moves(input.transaction, -1);
          return contract;
        },
      }),
      /sold .* but its contracts are/,
    ],
    [
      'a give-back that is lost on its way',
      ({ giveBack }) => ({
        async giveBack(input) {
          if (!(await ofHal(input.transaction))) await giveBack(input);
        },
      }),
      /although everything was given back: .* (is living|are reserved)/,
    ],
    [
      'a give-back that ends the contract, and not the sale',
      ({ giveBack }) => ({
        async giveBack(input) {
          const [sold] = await db.sql`select from contract where id = ${input.contract} and role = 'seller' and state <> 'over'`;
          await giveBack(input);
          if (sold && input.transaction && (await ofHal(input.transaction))) await moves(input.transaction, 1);
        },
      }),
      /sold .* but its contracts are/,
    ],
    [
      'a look at the nodes that does not count what was promised of those that have less',
      ({ ledgers }) => ({
        ledgers: async (made) => (await ledgers(made)).map((ledger) => ({ ...ledger, sold: NOTHING, held: NOTHING })),
      }),
      /are offered, of a cluster/,
    ],
    [
      'a flavor that is listed, and of which the last cores are sold to nobody',
      ({ reserve }) => ({
        async reserve(input) {
          if (input.part?.cpu === '1') throw new Fault('NOT_ENOUGH', 'not enough of this flavor is left');
          return await reserve(input);
        },
      }),
      /not enough of this flavor is left/,
    ],
  ])('%s', async (_, fault, words) => {
    expect(await refused(50, (inventory) => ({ ...inventory, ...fault(inventory) }))).toMatch(words);
  });
});
