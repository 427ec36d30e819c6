import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { acquisitionId, clusterId, contractOf, DNS_SUBDOMAIN, type FlavorId } from '../../src/domain/ids.ts';
import type { Resources } from '../../src/domain/resources.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, SEVEN, TEN } from '../contracts/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory, contracts } = db.store;

const A = flavorOf('000a');
const alice = buyerOf('alice');
const DONE = { reason: 'done' } as const;

beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
  await inventory.publish(A);
});

const one = async () => {
  const flavors = await inventory.list();
  expect(flavors).toHaveLength(1);
  const [flavor] = flavors;
  if (!flavor || !isSlice(flavor)) throw new Error('not a slice');
  return flavor;
};
const reserve = (flavor: FlavorId, part?: Resources, buyer = alice) =>
  inventory.reserve({
    flavor,
    buyer,
    transaction: newTransaction(),
    ttlMs: 60_000,
    idempotencyKey: newTransaction(),
    ...(part && { part }),
  });
const sell = async (flavor: FlavorId, part?: Resources) => {
  const { id } = await reserve(flavor, part);
  return await inventory.sell({ transaction: id, contract: contractOf(id), seller: SELLER, lifetimeMs: 1000 });
};

describe('a sale (steps 23 and 24 of the reference workflow)', () => {
  it('retires the flavor and publishes the reduced one under a new id, at the price of what is left', async () => {
    await sell(A.id, SEVEN);
    const reduced = await one();
    expect(reduced.id).not.toBe(A.id);
    expect(reduced.id).toMatch(/^north\.example-k8slice-[0-9a-f]{4,}$/);
    expect(reduced.id).toMatch(DNS_SUBDOMAIN);
    expect(reduced).toMatchObject({ offer: { resources: { cpu: '3', memory: '6Gi', pods: '30' } }, price: { amount: '0.3' } });
    const rows = await db.sql`select state, generation, parent from flavor order by generation`;
    expect(rows).toEqual([
      { state: 'retired', generation: 1, parent: null },
      { state: 'living', generation: 2, parent: A.id },
    ]);
  });

  it('lists nothing when all is sold, and the whole again when all is given back', async () => {
    const first = await sell(A.id, SEVEN);
    const second = await sell((await one()).id);
    expect(second.terms).toMatchObject({ resources: { cpu: '3' }, price: { amount: '0.3' } });
    expect(await inventory.list()).toEqual([]);
    await inventory.giveBack({ contract: first.terms.id, ending: DONE });
    expect((await one()).offer.resources).toEqual(SEVEN);
    await inventory.giveBack({ contract: second.terms.id, ending: DONE });
    const whole = await one();
    expect(whole.id).not.toBe(A.id);
    expect(whole).toMatchObject({ offer: { resources: TEN }, price: A.price });
  });

  it('serves a buyer who names the retired flavor from its living descendant, at the price that this buyer saw', async () => {
    await sell(A.id, { cpu: '5', memory: '2Gi', pods: '10' });
    // Nine tenths of the memory are left, so the rest costs 0.9; a tenth of the whole was offered for 0.1.
    expect(await one()).toMatchObject({ price: { amount: '0.9' } });
    const { terms } = await sell(A.id, ONE);
    expect(terms).toMatchObject({
      flavor: { id: A.id, offer: { resources: TEN }, price: A.price },
      resources: ONE,
      price: { amount: '0.1' },
    });
    const { terms: dearer } = await sell((await one()).id, ONE);
    expect(Number(dearer.price?.amount)).toBeGreaterThan(0.1);
  });

  it('keeps holds on a retired flavor good', async () => {
    const held = await reserve(A.id, ONE);
    await sell(A.id, SEVEN);
    const contract = await inventory.sell({ transaction: held.id, contract: contractOf(held.id), seller: SELLER, lifetimeMs: 1000 });
    expect(contract.terms).toMatchObject({ flavor: { id: A.id }, resources: ONE });
    expect((await one()).offer.resources).toEqual({ cpu: '2', memory: '4Gi', pods: '20' });
  });

  it('sells the last rest although it is between steps, and lists no rest below the minimum', async () => {
    await inventory.publish(flavorOf('000a', { resources: { cpu: '2300m', memory: '4Gi', pods: '20' } }));
    await sell((await one()).id, ONE);
    const rest = await one();
    expect(rest.offer.resources).toEqual({ cpu: '1300m', memory: '2Gi', pods: '10' });
    await reserve(rest.id, { cpu: '500m', memory: '1Gi', pods: '5' });
    const listed = await one();
    expect(listed.offer.resources.cpu).toBe('800m');
    await reserve(listed.id, listed.offer.resources);
    expect(await inventory.list()).toEqual([]);
  });

  it('writes the row of a sale, its contract and its allocation together or not at all', async () => {
    const { id } = await reserve(A.id, ONE);
    await db.sql.unsafe(`alter table allocation add constraint sabotage check (false) not valid`);
    await expect(inventory.sell({ transaction: id, contract: contractOf(id), seller: SELLER, lifetimeMs: 1 })).rejects.toThrow('sabotage');
    await db.sql.unsafe(`alter table allocation drop constraint sabotage`);
    expect(await contracts.list()).toEqual([]);
    expect(await inventory.hold(id)).toMatchObject({ state: 'held' });
    expect(await one()).toMatchObject({ id: A.id });
    expect(await inventory.sums()).toMatchObject({ held: ONE, sold: { cpu: '0' } });
  });
});

describe('a flavor that is published again', () => {
  const EIGHT = { cpu: '8', memory: '16Gi', pods: '80' };
  it('with more grows by it, what is sold untouched', async () => {
    await sell(A.id, SEVEN);
    await inventory.publish(flavorOf('000a', { resources: { cpu: '12', memory: '24Gi', pods: '120' } }));
    expect((await one()).offer.resources).toEqual({ cpu: '5', memory: '10Gi', pods: '50' });
    expect(await inventory.sums()).toMatchObject({ sold: SEVEN });
  });

  it('with less shrinks to it', async () => {
    await sell(A.id, SEVEN);
    await inventory.publish(flavorOf('000a', { resources: EIGHT }));
    expect((await one()).offer.resources).toEqual(ONE);
  });

  it('with less than is sold and held lists nothing, and comes down to it as that is given back', async () => {
    const { terms } = await sell(A.id, SEVEN);
    await inventory.publish(flavorOf('000a', { resources: { cpu: '4', memory: '8Gi', pods: '40' } }));
    expect(await inventory.list()).toEqual([]);
    expect(await inventory.sums()).toMatchObject({ sold: SEVEN });
    await inventory.giveBack({ contract: terms.id, ending: DONE });
    expect((await one()).offer.resources).toEqual({ cpu: '4', memory: '8Gi', pods: '40' });
  });

  it('at another price is other terms: who names the old one is refused', async () => {
    const before = (await sell(A.id, ONE)).terms.flavor.id;
    expect([await inventory.serves(before), await inventory.serves((await one()).id)]).toEqual([true, true]);
    await inventory.publish(flavorOf('000a', { amount: '2' }));
    await expect(reserve(A.id, ONE)).rejects.toMatchObject({ code: 'FLAVOR_GONE' });
    expect(await inventory.serves(before)).toBe(false);
    const { terms } = await sell((await one()).id, ONE);
    expect(terms.price).toMatchObject({ amount: '0.2' });
  });

  it('by several processes at once is published once', async () => {
    await db.clear();
    await Promise.all(Array.from({ length: 8 }, () => inventory.publish(A)));
    expect((await one()).offer.resources).toEqual(TEN);
    expect(await db.sql`select count(*)::integer as count from flavor`).toEqual([{ count: 1 }]);
  });

  it('may not take the id of a flavor that came out of another one', async () => {
    await sell(A.id, ONE);
    const { id } = await one();
    await expect(inventory.publish({ ...A, id })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect(await inventory.list()).toHaveLength(1);
  });
});

describe('a key', () => {
  it('that reserved one thing cannot reserve another', async () => {
    const call = { flavor: A.id, buyer: alice, idempotencyKey: 'k', ttlMs: 1000 };
    await inventory.reserve({ ...call, part: ONE, transaction: newTransaction() });
    await expect(inventory.reserve({ ...call, part: SEVEN, transaction: newTransaction() })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('pruning', () => {
  const DAY = 86_400_000;
  const rows = async () => {
    const [{ holds, clusters } = { holds: '', clusters: '' }] = await db.sql<{ holds: string; clusters: string }[]>`
      select (select string_agg(state, ' ' order by state) from hold) as holds,
        (select string_agg(cluster_id, ' ' order by cluster_id) from cluster_identity) as clusters`;
    return [holds, clusters];
  };

  it('forgets tombstones and expired holds by age, and ids that never bought; what was sold stays for ever', async () => {
    await sell(A.id, ONE);
    await reserve((await one()).id, ONE, buyerOf('bob'));
    await inventory.release({ buyer: buyerOf('carol'), idempotencyKey: 'k' });
    await db.setClock(NOON + DAY - 1);
    expect(await inventory.prune()).toEqual({ holds: 0, clusters: 0 });
    expect(await rows()).toEqual(['expired released sold', 'alice-1 bob-1']);
    expect(await inventory.sums()).toMatchObject({ held: { cpu: '0' } });
    await db.setClock(NOON + DAY + 1);
    expect(await inventory.prune()).toEqual({ holds: 0, clusters: 1 });
    await db.setClock(NOON + 30 * DAY);
    expect(await inventory.prune()).toEqual({ holds: 0, clusters: 0 });
    await db.setClock(NOON + 30 * DAY + 1);
    expect(await inventory.prune()).toEqual({ holds: 2, clusters: 0 });
    expect(await rows()).toEqual(['sold', 'alice-1']);
    await db.setClock(NOON + 900 * DAY);
    expect(await inventory.prune()).toEqual({ holds: 0, clusters: 0 });
  });

  it('keeps the newest of more tombstones than anybody needs, whoever laid them, and what is held or sold besides', async () => {
    await sell(A.id, ONE);
    await reserve((await one()).id, ONE, buyerOf('bob'));
    // Two batches and a bit too many, a moment apart; nothing else of them is old.
    await db.sql`
      insert into hold (buyer_id, key, state, made_at)
      select 'mallory-' || n, 'k', 'released', clock_now() - n * interval '1 second' from generate_series(1, 120005) n`;
    expect(await inventory.prune()).toEqual({ holds: 20_005, clusters: 0 });
    expect(await inventory.prune()).toEqual({ holds: 0, clusters: 0 });
    const [left] = await db.sql`
      select count(*)::integer as tombstones, max(split_part(buyer_id, '-', 2)::integer) as oldest from hold where state = 'released'`;
    expect(left).toEqual({ tombstones: 100_000, oldest: 100_000 });
    expect(await inventory.sums()).toMatchObject({ held: ONE, sold: ONE });
  });

  it('keeps the id of a seller from whom we bought, and of a buyer that is seen again and again', async () => {
    const { terms } = await sell(A.id, ONE);
    const west = { ...terms, id: contractOf(newTransaction()), transaction: newTransaction(), sellerCluster: clusterId('west-1') };
    await db.store.knownNodes.bindCluster('west-1', 'west');
    await contracts.storeBought({ terms: west, acquisition: acquisitionId('a-1') });
    await db.store.knownNodes.bindCluster('idle-1', 'idle');
    for (let hour = 0; hour <= 48; hour += 12) {
      await db.setClock(NOON + (hour * DAY) / 24);
      await reserve((await one()).id, ONE, buyerOf('bob'));
    }
    expect(await inventory.prune()).toMatchObject({ clusters: 1 });
    expect((await rows())[1]).toBe('alice-1 bob-1 west-1');
    await db.store.knownNodes.bindCluster('idle-1', 'another');
  });
});

describe('the constraint', () => {
  it.each([
    ['oversells', `update lineage set sold = '{10000000001,0,0,0,0}'`, /never_oversold/],
    ['oversells with what is held', `update lineage set held = '{9000000000,0,0,0,0}', sold = '{2000000000,0,0,0,0}'`, /never_oversold/],
    ['sells a GPU that nobody has', `update lineage set sold = '{0,0,0,0,1}'`, /never_oversold/],
    ['gives back what was not sold', `select ledger_move(id, '{1,0,0,0,0}', 0, -1) from lineage`, /never_negative/],
  ])('refuses whoever %s', async (_, statement, constraint) => {
    await expect(db.sql.unsafe(statement)).rejects.toThrow(constraint);
  });
});
