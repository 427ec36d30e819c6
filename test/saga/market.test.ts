/** Four buyers at one seller, one of them a seller itself, and one buyer at two sellers, all at once: whole nodes on real Postgres and Temporal. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEvent } from '../../src/domain/audit.ts';
import type { Contract } from '../../src/domain/contract.ts';
import { clusterId } from '../../src/domain/ids.ts';
import { type Nodes, openNodes } from './pair.ts';
import { document } from './trade.ts';

const BUYERS = ['south', 'east', 'deep', 'west'] as const;
const NAMES = [...BUYERS, 'north'] as const;
type Name = (typeof NAMES)[number];

let market: Nodes<Name>;
beforeAll(async () => {
  const offers = { west: { cpu: '16', price: { amount: '0.40', currency: 'EUR' } } };
  market = await openNodes({ names: NAMES, sellers: ['north', 'west'], offers });
  await market.untilReady();
});
afterAll(() => market.stop());

/** Four small ones that only north sells so cheaply, and one that is too large for it. */
const CHEAP = { limits: { price: { amount: '0.02', currency: 'EUR', period: 'hourly' } } };
const ORDERS: readonly (readonly [Name, string, Readonly<Record<string, unknown>>])[] = [
  ...BUYERS.map((name) => [name, `small-${name}`, CHEAP] as const),
  ['south', 'wide', { resources: { cpu: '12', memory: '1Gi', pods: 4 } }],
];
const contracts = async (node: Name, query: string): Promise<readonly Contract[]> =>
  ((await (await fetch(`${market.api[node]}/api/v1/contracts?${query}`)).json()) as { readonly items: readonly Contract[] }).items;
const buyersOf = async (node: Name): Promise<readonly string[]> =>
  (await contracts(node, 'role=seller&living=true')).map(({ terms }) => terms.buyer.id).toSorted();

test('each gets what it asked for, under its own contract and in its own tenant, and is given back to when all end at once', async () => {
  const runs = ORDERS.map(([node, name, more]) => market.rearguard(node, ['intent', 'run', '-f', 'x', '--watch'], document(name, more)));
  expect((await Promise.all(runs)).map(({ exit, out }) => [exit, /in-use at (\w+)/.exec(out)?.[1]])).toEqual(
    ORDERS.map(([, name]) => [0, name === 'wide' ? 'west' : 'north']),
  );
  expect([await buyersOf('north'), await buyersOf('west')]).toEqual([BUYERS.toSorted(), ['south']]);
  const tenants = (name: Name) => [...market.liqo.cluster(clusterId(name)).tenants.keys()].toSorted();
  expect([tenants('north'), tenants('west')]).toEqual([BUYERS.toSorted(), ['south']]);
  const { identities } = market.liqo.cluster(clusterId('south'));
  expect([...identities.keys()].toSorted()).toEqual(['north', 'west']);
  // The other side of each sale is a contract of that buyer alone.
  const sold = (await contracts('north', 'role=seller')).map(({ terms }) => terms.id).toSorted();
  const bought = await Promise.all(BUYERS.map(async (name) => await contracts(name, 'role=buyer')));
  expect(
    bought.map((of) => of.filter(({ terms }) => terms.seller.id === 'north').length),
    'one each of north',
  ).toEqual([1, 1, 1, 1]);
  expect(
    bought
      .flat()
      .filter(({ terms }) => terms.seller.id === 'north')
      .map(({ terms }) => terms.id)
      .toSorted(),
  ).toEqual(sold);

  const ends = ORDERS.map(([node, name]) => market.rearguard(node, ['intent', 'end', name, '--watch']));
  expect((await Promise.all(ends)).map(({ exit }) => exit)).toEqual(ORDERS.map(() => 0));
  await market.allOverAndReplayed();
});

test('the audit of the seller tells of each buyer what was sold to it, and that it is over', async () => {
  const { items } = JSON.parse((await market.rearguard('north', ['--json', 'audit', '--limit', '100'])).out) as { items: AuditEvent[] };
  for (const name of BUYERS) expect(items.filter(({ peer }) => peer === name).map(({ kind }) => kind)).toEqual(['over', 'sold']);
});
