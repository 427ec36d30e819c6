/** A ledger that somebody wrote behind our back is derived again from holds and contracts. */
import { afterAll, beforeEach, expect, inject, it, test } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { toldOf } from '../contracts/following.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, SEVEN } from '../contracts/samples.ts';
import { imbalances, readMoment } from './balance-moment.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory } = db.store;
const A = flavorOf('000a');
const listed = async () => (await inventory.list()).filter(isSlice).map(({ offer, price }) => [offer.resources, price?.amount]);
const NOTHING_TO_DO = { mended: [], failed: [] };
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
  expect(await toldOf(inventory, async () => expect(await inventory.recount()).toEqual(NOTHING_TO_DO))).toEqual([]);
});

const GHOST = '{3000000000,6442450944000000000,30000000000,0,0}';
const GHOST_ALL = '{30000000000,64424509440000000000,300000000000,0,0}';
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
  expect(await inventory.recount()).toEqual({
    mended: [expect.stringMatching(/^the ledger of .*-000a said held .* say held 1 cpu and 2Gi, sold 7 cpu and 14Gi: written anew$/)],
    failed: [],
  });
  expect([await inventory.sums(), await listed()]).toEqual([sums, list]);
  expect(await inventory.recount()).toEqual(NOTHING_TO_DO);
});

it('counts what is promised beyond what the cluster has, as it was promised', async () => {
  await sell(SEVEN);
  await inventory.publish(flavorOf('000a', { resources: { cpu: '4', memory: '8Gi', pods: '40' } }), 'terms');
  await db.sql`update lineage set sold = ${NONE}`;
  expect(await inventory.recount()).toMatchObject({ mended: [expect.any(String)], failed: [] });
  expect(await inventory.sums()).toMatchObject({ sold: SEVEN, free: { cpu: '0' } });
  await inventory.publish(A, 'terms');
  expect(await inventory.sums()).toMatchObject({ sold: SEVEN, free: { cpu: '3' } });
});

/** As the configuration publishes, and as a watch of the cluster does, whose word is heard again when something changes there. */
const PUBLISHED = [
  ['by the configuration', undefined],
  ['by a watch', 'terms'],
] as const;
const WRITTEN = [
  ['more than was published', '30', 'total', GHOST_ALL],
  ['less', '3', 'total', GHOST],
  ['more than was published, though nothing more was sold of it yet,', '30', 'wanted', GHOST_ALL],
] as const;
test.each(PUBLISHED.flatMap(([by, terms]) => WRITTEN.map((each) => [by, terms, ...each] as const)))(
  'published %s: that %s may be sold is mended and told once',
  async (_, terms, __, cpu, column, amounts) => {
    await db.clear();
    await inventory.publish(A, terms);
    await sell(ONE);
    const list = await listed();
    await db.sql`update lineage set ${db.sql(column)} = ${amounts}`;
    expect(await inventory.recount()).toEqual({
      mended: [expect.stringContaining(`the ledger of ${A.id} said that cpu ${cpu}, `)],
      failed: [],
    });
    expect(await listed()).toEqual(list);
    expect(imbalances(await readMoment(db.sql))).toEqual([]);
    expect(await inventory.recount()).toEqual(NOTHING_TO_DO);
    // Nothing more is published by it either.
    await inventory.publish(A, terms);
    expect(await listed()).toEqual(list);
  },
);

test.each(PUBLISHED)('published %s: what is on sale, and of which nothing is listed, is listed anew, and told once', async (_, terms) => {
  for (const write of [
    () => db.sql`update flavor set state = 'withdrawn' where state = 'living'`,
    () => db.sql`update lineage set terms = terms + 1`,
  ]) {
    await db.clear();
    await inventory.publish(A, terms);
    await sell(ONE);
    const list = await listed();
    await write();
    expect(await inventory.recount()).toEqual({ mended: [`${A.id} was on sale, and not listed as it is sold: listed anew`], failed: [] });
    expect(await listed()).toEqual(list);
    const [bought] = await inventory.list();
    if (!bought) throw new Error('nothing is listed');
    await inventory.reserve({ flavor: bought.id, buyer: buyerOf('alice'), part: ONE, transaction: newTransaction(), ttlMs: 60_000 });
    expect(await inventory.recount()).toEqual(NOTHING_TO_DO);
  }
});

/** A hold that somebody wrote over, whose sale lives. */
const writeOver = async (transaction: string, state: string, contract: string | null = null) =>
  await db.sql`update hold set state = ${state}, contract = ${contract} where transaction = ${transaction}`;

test.each(['held', 'released', 'expired', 'sold'])(
  'a living sale whose hold is said to be %s has it again, and nothing else moves',
  async (state) => {
    const { terms } = await sell(SEVEN);
    await reserve();
    const [sums, list] = [await inventory.sums(), await listed()];
    await writeOver(terms.transaction, state, state === 'sold' ? 'contract-other' : null);
    const was = state === 'sold' ? 'sold under another contract' : state;
    expect(await inventory.recount()).toEqual({
      mended: [`contract ${terms.id} lives, and its reservation ${terms.transaction} was ${was}: sold again`],
      failed: [],
    });
    expect(await inventory.hold(terms.transaction)).toMatchObject({ state: 'sold', contract: terms.id });
    expect([await inventory.sums(), await listed()]).toEqual([sums, list]);
    expect(imbalances(await readMoment(db.sql))).toEqual([]);
    expect(await inventory.recount()).toEqual(NOTHING_TO_DO);
    await inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } });
    expect(await inventory.sums()).toMatchObject({ sold: { cpu: '0' }, free: { cpu: '9' } });
  },
);

it('mends the hold and the ledger together, when both were written', async () => {
  const { terms } = await sell(SEVEN);
  await writeOver(terms.transaction, 'released');
  await db.sql`update lineage set sold = ${NONE}`;
  expect(await inventory.recount()).toEqual({
    mended: [
      expect.stringMatching(/was released: sold again$/),
      expect.stringMatching(/say held 0 cpu and 0, sold 7 cpu and 14Gi: written anew$/),
    ],
    failed: [],
  });
  expect(imbalances(await readMoment(db.sql))).toEqual([]);
  expect(await inventory.recount()).toEqual(NOTHING_TO_DO);
});

it('mends the hold of an instance, which its ledger counts as one', async () => {
  const flavor = blueprintOf(SELLER);
  await inventory.publish(flavor, undefined, 2);
  const transaction = newTransaction();
  const service = { kind: 'service', hostingPolicy: 'Provider', configuration: { database: 'orders' } } as const;
  await inventory.reserve({ flavor: flavor.id, buyer: buyerOf('alice'), service, transaction, idempotencyKey: 'k', ttlMs: 60_000 });
  await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000 });
  const ledgers = await inventory.ledgers();
  await writeOver(transaction, 'released');
  expect(await inventory.recount()).toMatchObject({ mended: [expect.stringMatching(/: sold again$/)], failed: [] });
  expect(await inventory.ledgers()).toEqual(ledgers);
  await remove(transaction);
  expect(await inventory.recount()).toMatchObject({ mended: [expect.stringMatching(/is not there: written anew$/)], failed: [] });
  expect(await inventory.ledgers()).toEqual(ledgers);
});

/** Removes the hold of a sale from the database. */
const remove = async (transaction: string) => await db.sql`delete from hold where transaction = ${transaction}`;
const columns = async () =>
  await db.sql`select to_jsonb(hold) - array['id', 'made_at', 'expires_at'] as kept from hold order by transaction`;

test.each<[string, (sold: { readonly key: string }) => Promise<unknown>]>([
  ['', async () => {}],
  [' and the key given back since', async ({ key }) => await inventory.release({ buyer: buyerOf('alice'), idempotencyKey: key })],
  [' and the ledger written over', async () => await db.sql`update lineage set sold = ${NONE}`],
])('a living sale whose hold was removed%s has it again out of its contract, told once', async (_, more) => {
  const { terms } = await sell(SEVEN);
  await reserve();
  const [sums, list, rows] = [await inventory.sums(), await listed(), await columns()];
  await remove(terms.transaction);
  await more({ key: terms.transaction });
  expect((await inventory.recount()).mended[0]).toBe(
    `contract ${terms.id} lives, and its reservation ${terms.transaction} is not there: written anew`,
  );
  expect([await inventory.sums(), await listed(), await columns()]).toEqual([sums, list, rows]);
  expect(imbalances(await readMoment(db.sql))).toEqual([]);
  expect(await inventory.recount()).toEqual(NOTHING_TO_DO);
  // What its buyer and its end ask for finds it.
  const again = { transaction: terms.transaction, contract: terms.id, seller: SELLER, lifetimeMs: 60_000 };
  expect((await inventory.sell(again)).terms).toEqual(terms);
  expect(await inventory.release({ buyer: buyerOf('alice'), idempotencyKey: terms.transaction })).toEqual({ sold: terms.id });
  await inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } });
  expect(await inventory.sums()).toMatchObject({ sold: { cpu: '0' }, free: { cpu: '9' } });
});

test.each([
  [
    'is not there, and its key reserved something else',
    async (transaction: string) => {
      await remove(transaction);
      await inventory.reserve({
        flavor: A.id,
        buyer: buyerOf('alice'),
        part: ONE,
        transaction: newTransaction(),
        idempotencyKey: transaction,
        ttlMs: 60_000,
      });
    },
  ],
  [
    'was released, of other amounts',
    async (transaction: string) =>
      await db.sql`update hold set state = 'released', contract = null, amounts = ${GHOST} where transaction = ${transaction}`,
  ],
])(
  'of a living sale whose hold %s it is told, each time, and what was sold is not sold again; another ledger is mended',
  async (words, write) => {
    const { terms } = await sell(SEVEN);
    const B = flavorOf('000b');
    await inventory.publish(B);
    await write(terms.transaction);
    const sums = await inventory.sums();
    await db.sql`update lineage set held = ${GHOST} where id = ${B.id}`;
    const told = `contract ${terms.id} lives, and its reservation ${terms.transaction} ${words}: the ledger of ${A.id} is left as it is`;
    expect(await inventory.recount()).toEqual({ mended: [expect.stringContaining(`the ledger of ${B.id} said`)], failed: [told] });
    expect(await inventory.sums()).toEqual(sums);
    expect(await inventory.recount()).toEqual({ mended: [], failed: [told] });
  },
);
