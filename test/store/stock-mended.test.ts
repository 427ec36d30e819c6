/** What somebody wrote behind our back of what is on sale of the cluster is put right by what the nodes have, and told. */
import { expect, it, test } from 'vitest';
import { sized } from '../fakes/cluster-nodes.ts';
import { imbalances, readMoment } from './balance-moment.ts';
import { a, b, cores, db, inventory, of, sell, start, told } from './stock-subject.ts';

const cut = (n: number) => `{${n}000000000,${n * 2 * 2 ** 30}000000000,${n * 10}000000000,0,0}`;
const write = (column: string, value: unknown) => db.sql`update lineage set ${db.sql({ [column]: value })} where id = ${of('a')}`;
const line = (said: string, has: string): string =>
  `the ledger of ${of('a')} said that ${said}; the cluster has cpu ${has}, memory ${Number(has) * 2}Gi, pods ${Number(has) * 10}: written anew`;
const onSale = (n: number): string => `cpu ${n}, memory ${n * 2}Gi, pods ${n * 10} are on sale`;
const balanced = async () => expect(imbalances(await readMoment(db.sql))).toEqual([]);

it('asks for a look each minute though no node changes', async () => {
  expect(await start().show(a)).toEqual({ againMs: 60_000 });
});

test.each<[string, string, unknown, string]>([
  ['more than the cluster has', 'wanted', cut(30), onSale(30)],
  ['less than it has', 'wanted', cut(3), onSale(3)],
  ['nothing', 'on_sale', false, 'nothing is on sale'],
  ['that more may be sold', 'total', cut(30), 'something else may be sold than is on sale'],
  ['that less may be sold', 'total', cut(5), 'something else may be sold than is on sale'],
])('a ledger that says %s is written anew at the next look, and told once', async (_, column, value, said) => {
  const { show } = start();
  await show(a, b);
  await sell(of('a'), 4);
  await show(a, b);
  await write(column, value);
  await show(a, b);
  expect(told).toEqual([['warn', line(said, '10')]]);
  expect(await cores()).toEqual([6, 10]);
  await balanced();
  await expect(sell(of('a'), 7)).rejects.toMatchObject({ code: 'NOT_ENOUGH' });
  await sell(of('a'), 6);
  await show(a, b);
  expect(told).toHaveLength(1);
});

test.each<[string, () => Promise<unknown>]>([
  ['what somebody took off the list', async () => await db.sql`update flavor set state = 'withdrawn' where state = 'living'`],
  ['what is listed of other terms than are sold', async () => await write('terms', 7)],
])('lists %s anew', async (_, meddle) => {
  const { show } = start();
  await show(a);
  await meddle();
  await show(a);
  expect(told).toEqual([['warn', line('something else may be sold than is on sale', '10')]]);
  expect(await cores()).toEqual([10]);
  const [flavor] = await inventory.list();
  if (!flavor) throw new Error('nothing is listed');
  await sell(flavor.id, 1);
  await balanced();
});

it('tells one that nothing is promised of as well, when it was taken off sale', async () => {
  const { show } = start();
  await show(a);
  await inventory.withdraw(of('a'));
  await show(a);
  expect(told).toEqual([['warn', line('nothing is on sale', '10')]]);
  expect(await cores()).toEqual([10]);
});

it('does not tell what the nodes changed, or went and came back, or what was sold beyond them', async () => {
  const { show } = start();
  await show(a, b);
  await sell(of('a'), 6);
  await show({ ...a, own: sized(7) }, b);
  await show(b);
  await show(a, b);
  expect(await cores()).toEqual([4, 10]);
  expect(told).toEqual([]);
});

it('tells after a restart what the ledger said of the cluster that it does not have', async () => {
  const first = start();
  await first.show(a);
  await first.stop();
  await write('wanted', cut(30));
  await write('total', cut(30));
  await start().show(a);
  expect(told).toEqual([['info', line(onSale(30), '10')]]);
  expect(await cores()).toEqual([10]);
});

test.each([
  ['more may be sold', 'total', 30],
  ['less may be sold', 'total', 5],
  ['more was published', 'wanted', 30],
])('until it looks, a recount sees to it that no more is sold than is on sale: %s', async (_, column, n) => {
  const { show } = start();
  await show(a);
  await write(column, cut(n));
  const said = `cpu ${n}, memory ${2 * n}Gi, pods ${10 * n}`;
  const says = 'what was published and is promised says cpu 10, memory 20Gi, pods 100';
  expect(await inventory.recount()).toEqual({
    mended: [`the ledger of ${of('a')} said that ${said} may be sold; ${says}: written anew`],
    failed: [],
  });
  expect(await cores()).toEqual([10]);
  await show(a);
  expect(await cores()).toEqual([10]);
  await balanced();
});
