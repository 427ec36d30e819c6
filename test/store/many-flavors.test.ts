/** However many flavors a node has, who asks for some is answered from the first ones, and sums are what they are of each. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { nanos } from '../../src/domain/quantity.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { flavorOf, SELLER } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory } = db.store;
const A = flavorOf('a');
const [MANY, SOLD_OUT, BELOW] = [2_000, 700, 100];

beforeAll(async () => {
  await inventory.publish(A);
  await inventory.publish(blueprintOf(SELLER));
  // The first ones are sold out; of the next ones less is left than may be sold; one in seven of the others was sold in part.
  await db.sql`
    with made as (select n, a.id || lpad(n::text, 5, '0') as id, a.total::numeric[] as total from lineage a, generate_series(1, ${MANY}::integer) n where a.id = ${A.id}),
    ledgers as (
      insert into lineage (id, on_sale, terms, wanted, total, sold)
      select id, true, 1, total, total, case when n <= ${SOLD_OUT} then total
        when n <= ${SOLD_OUT + BELOW} then array[total[1] - 1, total[2] - 1, total[3] - 1, total[4], total[5]]
        else array[div(total[1], 2) * (n % 7 / 6), div(total[2], 2) * (n % 7 / 6), div(total[3], 2) * (n % 7 / 6), total[4], total[5]] end from made
    )
    insert into flavor (id, lineage, generation, terms, state, description, total, created_at)
    select m.id, m.id, 1, 1, 'living', a.description, a.total, a.created_at from made m, flavor a where a.id = ${A.id}`;
});

it('lists the first that can be bought, however many before them cannot', async () => {
  const number = (n: number) => `${A.id}${String(n).padStart(5, '0')}`;
  const { items: first } = await inventory.page({ limit: 3 });
  expect(first.map(({ id }) => id)).toEqual([A.id, number(SOLD_OUT + BELOW + 1), number(SOLD_OUT + BELOW + 2)]);
  expect(await inventory.list()).toHaveLength(MANY - SOLD_OUT - BELOW + 2);
});

it('sums up what each of them says', async () => {
  const [sums, ledgers, list] = [await inventory.sums(), await inventory.ledgers(), await inventory.list()];
  const sold = ledgers.reduce((sum, ledger) => sum + nanos(ledger.sold.memory), 0n);
  const free = list.reduce((sum, flavor) => sum + (isSlice(flavor) ? nanos(flavor.offer.resources.memory) : 0n), 0n);
  expect(ledgers).toHaveLength(MANY + 2);
  expect([nanos(sums.sold.memory), nanos(sums.free.memory), sums.flavors, sums.holds]).toEqual([
    sold,
    free + BigInt(BELOW),
    list.length,
    0,
  ]);
});
