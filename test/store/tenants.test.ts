import { afterAll, beforeEach, expect, inject, it } from 'vitest';
import { type ClusterId, clusterId, contractOf } from '../../src/domain/ids.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { inventory, tenants } = db.store;

const A = flavorOf('000a');
const ALICE = clusterId('alice');

beforeEach(async () => {
  await db.clear();
  await inventory.publish(A);
});

/** Sells, and then asks whether the tenant stands, as a sale does. */
async function sell(cluster: ClusterId) {
  const [flavor] = await inventory.list();
  if (!flavor) throw new Error('nothing is for sale');
  const transaction = newTransaction();
  await inventory.reserve({
    flavor: flavor.id,
    buyer: { ...buyerOf('alice'), clusterId: cluster },
    part: ONE,
    transaction,
    ttlMs: 60_000,
    idempotencyKey: transaction,
  });
  const { terms } = await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000 });
  const giveBack = () => inventory.giveBack({ contract: terms.id, transaction, ending: { reason: 'done' } });
  return { stands: await tenants.stands(cluster), giveBack };
}

it('stands from when it is built until it is closed', async () => {
  expect((await sell(ALICE)).stands).toBe(false);
  await tenants.built(ALICE);
  await tenants.built(ALICE);
  expect(await tenants.stands(ALICE)).toBe(true);
  expect(await tenants.stands(clusterId('bob'))).toBe(false);
});

it('is not closed while something is sold to its buyer, and is once that is given back', async () => {
  await tenants.built(ALICE);
  const { stands, giveBack } = await sell(ALICE);
  expect(stands).toBe(true);
  expect(await tenants.close(ALICE)).toBe(false);
  expect(await tenants.stands(ALICE)).toBe(true);
  await giveBack();
  expect(await tenants.close(ALICE)).toBe(true);
  expect(await tenants.stands(ALICE)).toBe(false);
  expect(await tenants.close(ALICE)).toBe(true);
});

it('is closed although its buyer has an instance of a blueprint, which needs none', async () => {
  const database = blueprintOf(SELLER);
  await inventory.publish(database);
  await tenants.built(ALICE);
  const transaction = newTransaction();
  const buyer = { ...buyerOf('alice'), clusterId: ALICE };
  const service = { hostingPolicy: 'Provider' as const, configuration: { database: 'orders' } };
  await inventory.reserve({ flavor: database.id, buyer, service, transaction, ttlMs: 60_000, idempotencyKey: transaction });
  await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 60_000 });
  expect(await tenants.close(ALICE)).toBe(true);
});

it('is closed whatever is sold to others, and whatever somebody sold to its buyer before it stood', async () => {
  await tenants.built(ALICE);
  await sell(clusterId('bob'));
  expect(await tenants.close(ALICE)).toBe(true);
  // It does not stand: whoever bought asks its peering, and is answered.
  await sell(ALICE);
  expect(await tenants.close(ALICE)).toBe(true);
});

it('of a sale and a closing in the same moment never both are told yes', async () => {
  const seen = { kept: 0, closed: 0 };
  for (let turn = 0; turn < 60; turn += 1) {
    await tenants.built(ALICE);
    const closing = async (): Promise<boolean> => {
      for (let wait = 0; wait < turn % 12; wait += 1) await tenants.stands(clusterId('bob'));
      return await tenants.close(ALICE);
    };
    const [sale, closed] = await Promise.all([sell(ALICE), closing()]);
    expect([sale.stands, closed]).not.toEqual([true, true]);
    if (sale.stands) seen.kept += 1;
    else seen.closed += 1;
    await sale.giveBack();
    await tenants.close(ALICE);
  }
  // Both ways happened, so that the moment was met.
  expect(seen.kept).toBeGreaterThan(0);
  expect(seen.closed).toBeGreaterThan(0);
});

it('asked while it is being closed, waits for that', async () => {
  await tenants.built(ALICE);
  const asked = await db.sql.begin(async (sql) => {
    await sql`select from tenant where buyer = ${ALICE} for update`;
    const stands = tenants.stands(ALICE);
    const waits = async () =>
      (await sql`select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`).length > 0;
    await expect.poll(waits, { timeout: 10_000 }).toBe(true);
    await sql`delete from tenant where buyer = ${ALICE}`;
    return { stands };
  });
  expect(await asked.stands).toBe(false);
});
