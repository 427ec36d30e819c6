/** Who keeps the list hears of every change, of nothing else, and of late ones too. */
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { followed, toldOf } from '../contracts/following.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, TEN } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory } = db.store;
const [A, B] = [flavorOf('a'), flavorOf('b')];

beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
  await inventory.publish(A);
  await inventory.publish(B);
});
const hold = (flavor = A, ttlMs = 60_000) =>
  inventory.reserve({
    flavor: flavor.id,
    buyer: buyerOf('alice'),
    part: ONE,
    idempotencyKey: newTransaction(),
    transaction: newTransaction(),
    ttlMs,
  });
const cpus = (flavors: readonly { readonly offer: object }[]) =>
  flavors.map(({ offer }) => ('resources' in offer ? (offer.resources as { cpu: string }).cpu : undefined));

it('tells what changed alone', async () => {
  expect(await toldOf(inventory, async () => {})).toEqual([]);
  expect(await toldOf(inventory, () => hold(B))).toEqual([B.id]);
  expect(await toldOf(inventory, () => inventory.withdraw(A.id))).toEqual([A.id]);
});

it('tells of a change that commits after a later one was told', async () => {
  const list = followed(inventory);
  expect(cpus(await list())).toEqual(['10', '10']);
  const late = await db.sql.reserve();
  await late`begin`;
  await late`select ledger_move(${A.id}, ${'{1000000000,0,0,0}'}::numeric[], 0, 1)`;
  await hold(B);
  expect(cpus(await list())).toEqual(['10', '9']);
  await late`commit`;
  late.release();
  expect(cpus(await list())).toEqual(['9', '9']);
});

it('lists what was held again by time alone, hold by hold, before anybody sweeps', async () => {
  const list = followed(inventory);
  await hold(A, 1_000);
  await hold(A, 2_000);
  await hold(B, 3_000);
  for (const [at, listed] of [
    [999, ['8', '9']],
    [1_000, ['9', '9']],
    [2_500, ['10', '9']],
    [3_000, ['10', '10']],
    [9_000, ['10', '10']],
  ] as const) {
    await db.setClock(NOON + at);
    expect(cpus(await list())).toEqual(listed);
  }
  const [swept] = await db.sql`select count(*)::integer as count from hold where state = 'expired'`;
  expect(swept).toEqual({ count: 0 });
});

it('comes in pages, of however many flavors, and then in as many as changed', async () => {
  await db.sql`
    insert into lineage (id, on_sale, terms, wanted, total) select a.id || n, true, 1, a.wanted, a.total
    from lineage a, generate_series(1, 1300) n where a.id = ${A.id}`;
  await db.sql`
    insert into flavor (id, lineage, generation, terms, state, description, total, created_at)
    select a.id || n, a.id || n, 1, 1, 'living', a.description, a.total, a.created_at from flavor a, generate_series(1, 1300) n where a.id = ${A.id}`;
  const list = followed(inventory);
  expect(await list()).toHaveLength(1302);
  await db.sql`update lineage set on_sale = false, version = pg_current_xact_id()::text::bigint where id like ${`${A.id}1%`}`;
  await db.sql`update flavor set state = 'withdrawn' where lineage like ${`${A.id}1%`}`;
  const left = await list();
  expect(left).toHaveLength((await inventory.list()).length);
  expect(left.length).toBeLessThan(1302);
  expect(await toldOf(inventory, () => hold(B))).toEqual([B.id]);
});

it('is read anew when the table was', async () => {
  const list = followed(inventory);
  await list();
  expect(
    await toldOf(inventory, async () => {
      await db.clear();
      await inventory.publish(flavorOf('c', { resources: TEN }));
    }),
  ).toBe('all');
  expect((await list()).map(({ id }) => id)).toEqual([flavorOf('c').id]);
});
