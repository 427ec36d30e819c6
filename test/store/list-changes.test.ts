/** Who keeps the list hears of every change, of nothing else, and of late ones too. */
import type postgres from 'postgres';
import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import { byId, followed, toldOf } from '../contracts/following.ts';
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

/** 1,300 more like it, at once. */
async function multiply(): Promise<void> {
  await db.sql`
    insert into lineage (id, on_sale, terms, wanted, total) select a.id || n, true, 1, a.wanted, a.total
    from lineage a, generate_series(1, 1300) n where a.id = ${A.id}`;
  await db.sql`
    insert into flavor (id, lineage, generation, terms, state, description, total, created_at)
    select a.id || n, a.id || n, 1, 1, 'living', a.description, a.total, a.created_at from flavor a, generate_series(1, 1300) n where a.id = ${A.id}`;
}

it('comes in pages, of however many flavors, and then in as many as changed', async () => {
  await multiply();
  const list = followed(inventory);
  expect(await list()).toHaveLength(1302);
  await db.sql`update lineage set on_sale = false, version = pg_current_xact_id()::text::bigint where id like ${`${A.id}1%`}`;
  await db.sql`update flavor set state = 'withdrawn' where lineage like ${`${A.id}1%`}`;
  const left = await list();
  expect(left).toHaveLength((await inventory.list()).length);
  expect(left.length).toBeLessThan(1302);
  expect(await toldOf(inventory, () => hold(B))).toEqual([B.id]);
});

it('loses nothing that changes between two pages', async () => {
  let known: string | undefined;
  const list = followed({
    async changes(from) {
      const page = await inventory.changes(from);
      if (known !== undefined && page.more) {
        // One that was read already, and one that will be.
        const [read] = page.listings;
        for (const id of [flavorId(read?.lineage ?? ''), flavorOf('a999').id]) await hold({ ...A, id });
        known = undefined;
      }
      return page;
    },
  });
  await list();
  await multiply();
  known = 'all that was there before';
  await list();
  expect(known).toBeUndefined();
  expect(await list()).toEqual(byId(await inventory.list()));
});

it('costs one walk over what changed, however many pages that is', async () => {
  const [{ before } = { before: '' }] = await db.sql<{ before: string }[]>`select pg_current_snapshot()::text as before`;
  await multiply();
  type Place = { readonly era: string | null; readonly lineage: string };
  const looked = async (sql: postgres.ISql): Promise<number> => {
    const [rows] = await sql<{ read: number }[]>`
      select (seq_tup_read + idx_tup_fetch)::integer as read from pg_stat_xact_user_tables where relid = 'lineage'::regclass`;
    return rows?.read ?? Number.NaN;
  };
  const read = ({ era, lineage }: Place) =>
    db.sql.begin(async (sql) => {
      const from = await looked(sql);
      const places = await sql<Place[]>`
        select * from lineages_changed(${before}::pg_snapshot, ${era}, ${lineage}, 100, '[]') order by era, lineage`;
      return { places, cost: (await looked(sql)) - from };
    });
  let [told, cost] = [0, 0];
  for (let after: Place | undefined = { era: null, lineage: '' }; after; ) {
    const page = await read(after);
    told += page.places.length;
    cost += page.cost;
    after = page.places.length === 100 ? page.places.at(-1) : undefined;
  }
  expect(told).toBe(1300);
  expect(cost).toBeLessThan(1400);
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
