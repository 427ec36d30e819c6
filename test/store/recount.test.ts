/** A ledger that somebody wrote behind our back is derived again from holds and contracts. */
import { afterAll, beforeEach, expect, inject, it, test } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { toldOf } from '../contracts/following.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, SEVEN } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory } = db.store;
const A = flavorOf('000a');
const listed = async () => (await inventory.list()).filter(isSlice).map(({ offer, price }) => [offer.resources, price?.amount]);
const reserve = async (part = ONE, ttlMs = 60_000) => {
  const transaction = newTransaction();
  await inventory.reserve({ flavor: A.id, buyer: buyerOf('alice'), part, transaction, idempotencyKey: transaction, ttlMs });
  return transaction;
};
const sell = async (part = ONE) => {
  const transaction = await reserve(part);
  return await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000 });
};

beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
  await inventory.publish(A);
});

it('finds nothing to mend, whatever is held, sold, over, ending or expired', async () => {
  await reserve();
  await sell();
  await reserve(ONE, 1_000);
  const { terms } = await sell();
  await inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } });
  const ending = await sell();
  await db.store.contracts.markEnding({ contract: ending.terms.id, ending: { reason: 'breach' } });
  await db.setClock(NOON + 2_000);
  expect(await toldOf(inventory, async () => expect(await inventory.recount()).toEqual([]))).toEqual([]);
});

const GHOST = '{3000000000,6442450944000000000,30000000000,0,0}';
const NONE = '{0,0,0,0,0}';
test.each([
  ['a sale that nobody has', 'sold', GHOST],
  ['a hold that nobody has', 'held', GHOST],
  ['a sale forgotten, so that it could be sold twice', 'sold', NONE],
  ['a hold forgotten', 'held', NONE],
])('%s is mended and told once, and what is listed is true again', async (_, column, amounts) => {
  await sell(SEVEN);
  await reserve();
  const [sums, list] = [await inventory.sums(), await listed()];
  await db.sql`update lineage set ${db.sql(column)} = ${amounts}`;
  expect(await listed()).not.toEqual(list);
  expect(await inventory.recount()).toEqual([
    expect.stringMatching(/^the ledger of .*-000a said held .* say held 1 cpu and 2Gi, sold 7 cpu and 14Gi: written anew$/),
  ]);
  expect([await inventory.sums(), await listed()]).toEqual([sums, list]);
  expect(await inventory.recount()).toEqual([]);
});

it('counts what is promised beyond what the cluster has, as it was promised', async () => {
  await sell(SEVEN);
  await inventory.publish(flavorOf('000a', { resources: { cpu: '4', memory: '8Gi', pods: '40' } }), 'terms');
  await db.sql`update lineage set sold = ${NONE}`;
  expect(await inventory.recount()).toHaveLength(1);
  expect(await inventory.sums()).toMatchObject({ sold: SEVEN, free: { cpu: '0' } });
  await inventory.publish(A, 'terms');
  expect(await inventory.sums()).toMatchObject({ sold: SEVEN, free: { cpu: '3' } });
});
