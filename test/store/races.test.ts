import type { ISql } from 'postgres';
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { isFault } from '../../src/domain/faults.ts';
import { contractOf, type FlavorId } from '../../src/domain/ids.ts';
import { add, NOTHING } from '../../src/domain/resources.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'), { maxConnections: 16 });
afterAll(() => db.drop());
const { inventory, contracts } = db.store;

const SLOTS = 100;
const all = Array.from({ length: SLOTS }).reduce<typeof ONE>((sum) => add(sum, ONE), NOTHING);
const A = flavorOf('000a', { resources: all });

beforeEach(async () => {
  await db.clear();
  await inventory.publish(A);
});

const reserve = (flavor: FlavorId, buyer: string, key: string = newTransaction()) =>
  inventory.reserve({ flavor, buyer: buyerOf(buyer), part: ONE, idempotencyKey: key, transaction: newTransaction(), ttlMs: 60_000 });
const sell = (id: Awaited<ReturnType<typeof reserve>>['id']) =>
  inventory.sell({ transaction: id, contract: contractOf(id), seller: SELLER, lifetimeMs: 60_000 });
const outcome = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'done';
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
};
const count = (outcomes: readonly string[]) =>
  Object.fromEntries([...new Set(outcomes)].map((each) => [each, outcomes.filter((other) => other === each).length]));

it('sells 100 slots to 1,000 buyers at once exactly 100 times', async () => {
  const buyers = Array.from({ length: 1000 }, async (_, n) => await sell((await reserve(A.id, `buyer-${n}x`)).id));
  const outcomes = await Promise.all(buyers.map(outcome));
  expect(count(outcomes)).toEqual({ done: SLOTS, NOT_ENOUGH: 900 });
  expect(await inventory.sums()).toMatchObject({ sold: all, free: { cpu: '0' }, held: { cpu: '0' }, holds: 0 });
  expect(await contracts.list({ living: true })).toHaveLength(SLOTS);
  await Promise.all((await contracts.list()).map(({ terms }) => inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } })));
  expect(await inventory.list()).toMatchObject([{ offer: { resources: all }, price: A.price }]);
});

it('gives one key one hold, however many ask at once', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => reserve(A.id, 'alice', 'k')));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await inventory.sums()).toMatchObject({ held: ONE, holds: 1 });
});

it('counts one buyer’s holds exactly, on several flavors at once', async () => {
  const flavors = ['1', '2', '3', '4'].map((name) => flavorOf(name));
  for (const flavor of flavors) await inventory.publish(flavor);
  const calls = Array.from({ length: 40 }, (_, n) =>
    outcome(
      inventory.reserve({
        flavor: flavors[n % 4]?.id ?? A.id,
        buyer: buyerOf('alice'),
        part: ONE,
        idempotencyKey: `k${n}`,
        transaction: newTransaction(),
        ttlMs: 60_000,
        maxHolds: 5,
      }),
    ),
  );
  expect(count(await Promise.all(calls))).toEqual({ done: 5, TOO_MANY_HOLDS: 35 });
});

it('gives out a limit of one buyer once, however many of its calls ask at once and of however many flavors, and keeps nobody else', async () => {
  const flavors = ['1', '2', '3', '4'].map((name) => flavorOf(name));
  for (const flavor of flavors) await inventory.publish(flavor);
  const limits = { cpu: '5', contracts: 3 };
  const ask = async (buyer: string, n: number) => {
    const transaction = newTransaction();
    const flavor = flavors[n % 4]?.id ?? A.id;
    const more = buyer === 'alice' ? { limits } : {};
    await inventory.reserve({ flavor, buyer: buyerOf(buyer), part: ONE, idempotencyKey: transaction, transaction, ttlMs: 60_000, ...more });
    return transaction;
  };
  const mine = Array.from({ length: 40 }, (_, n) => ask('alice', n));
  const others = Array.from({ length: 10 }, (_, n) => ask(`other-${n}`, n));
  expect(count(await Promise.all(mine.map(outcome)))).toEqual({ done: 5, LIMIT_REACHED: 35 });
  expect(count(await Promise.all(others.map(outcome)))).toEqual({ done: 10 });
  const held = (await Promise.allSettled(mine)).flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const sales = held.map((transaction) =>
    inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000, limits: () => limits }),
  );
  expect(count(await Promise.all(sales.map(outcome)))).toEqual({ done: 3, LIMIT_REACHED: 2 });
});

it.each<[string, (hold: { key: string; id: Awaited<ReturnType<typeof reserve>>['id'] }) => Promise<boolean>]>([
  ['abandon', async ({ id }) => await inventory.abandon(id)],
  ['release', async ({ key }) => (await inventory.release({ buyer: buyerOf('alice'), idempotencyKey: key })).sold === undefined],
])('lets either sell or %s win, never both', async (_, let_go) => {
  const won = await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const key = `k${n}`;
      const { id } = await reserve(A.id, 'alice', key);
      const [sold, released] = await Promise.all(
        n % 2 === 0 ? [outcome(sell(id)), let_go({ key, id })] : [let_go({ key, id }), outcome(sell(id))].toReversed(),
      );
      expect([sold, released]).toSatisfy(([s, r]) => (s === 'done' && r === false) || (s === 'HOLD_RELEASED' && r === true));
      expect((await inventory.hold(id))?.state).toBe(released === true ? 'released' : 'sold');
      return sold;
    }),
  );
  const sold = won.filter((each) => each === 'done').length;
  expect(await contracts.list()).toHaveLength(sold);
  expect(await inventory.sums()).toMatchObject({ sold: { cpu: `${sold}` }, held: { cpu: '0' }, holds: 0 });
});

it('lets either reserve or release of one key win, never both', async () => {
  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const key = `k${n}`;
      const calls = [() => reserve(A.id, 'alice', key), () => inventory.release({ buyer: buyerOf('alice'), idempotencyKey: key })];
      await Promise.allSettled((n % 2 === 0 ? calls : calls.toReversed()).map((call) => call()));
      expect(await outcome(reserve(A.id, 'alice', key))).toBe('HOLD_RELEASED');
    }),
  );
  expect(await inventory.sums()).toMatchObject({ free: all, held: { cpu: '0' }, holds: 0 });
});

it('gives back once, however many ask at once', async () => {
  const contract = await sell((await reserve(A.id, 'alice')).id);
  await sell((await reserve(A.id, 'bob')).id);
  await Promise.all(Array.from({ length: 20 }, () => inventory.giveBack({ contract: contract.terms.id, ending: { reason: 'done' } })));
  expect(await inventory.sums()).toMatchObject({ sold: ONE });
});

it('sells once, however many ask at once', async () => {
  const { id } = await reserve(A.id, 'alice');
  const sales = await Promise.all(Array.from({ length: 20 }, () => sell(id)));
  for (const sale of sales) expect(sale).toEqual(sales[0]);
  expect(await inventory.sums()).toMatchObject({ sold: ONE, flavors: 1 });
});

it.each(['sell', 'giveBack'] as const)(
  'leaves nothing sold when a sell that was given up on meets its giveBack, %s first in the queue',
  async (first) => {
    const { id } = await reserve(A.id, 'alice');
    const contract = contractOf(id);
    const calls = {
      sell: () => outcome(sell(id)),
      giveBack: () => outcome(inventory.giveBack({ contract, transaction: id, ending: { reason: 'failed' } })),
    };
    const second = first === 'sell' ? 'giveBack' : 'sell';
    const waiting = async (asked: ISql): Promise<number> =>
      (await asked`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`).length;
    const started: Promise<string>[] = [];
    await db.sql.begin(async (sql) => {
      await sql`select from lineage for update`;
      for (const name of [first, second] as const) {
        started.push(calls[name]());
        await expect.poll(() => waiting(sql), { timeout: 10_000 }).toBe(started.length);
      }
    });
    const [one, other] = await Promise.all(started);
    expect([one, other]).toEqual(first === 'sell' ? ['done', 'done'] : ['done', 'HOLD_RELEASED']);
    expect(await contracts.list({ living: true })).toEqual([]);
    expect(await inventory.sums()).toMatchObject({ free: all, held: { cpu: '0' }, sold: { cpu: '0' } });
  },
);
