/** Blueprints that were read of resources, on real Postgres: a sale finds what it was sold by, whatever became of the resource since. */
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import type { Blueprint } from '../../src/domain/blueprint.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { sellServiceBlueprints } from '../../src/runtime/service-blueprints.ts';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { databaseTemplates, shownBlueprints, writtenBlueprint as written } from '../fakes/fluidos-blueprints.ts';
import { cloneDatabase } from './database.ts';

const db = await cloneDatabase(inject('databases'));
const { inventory, keptBlueprints: kept, contracts } = db.store;
const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
const { fluidos } = ConfigurationSchema.parse({
  node: { id: 'north', domain: 'north.example', address: 'north.example:3004' },
  fluidos: { namespace: 'fluidos' },
});
const SERVICE = { hostingPolicy: 'Provider', configuration: { username: 'u', password: 'hunter-two', database: 'd' } } as const;
const NOTES = { price: '0.05', currency: 'EUR', instances: '3' };
/** The same resource, whose Secret is called so. */
const called = (secret: string) => {
  const [credentials = {}, ...others] = databaseTemplates;
  const renamed = JSON.parse(JSON.stringify(credentials).replace('db-credentials', secret)) as object;
  return written('db-mysql', { templates: [renamed, ...others] }, NOTES);
};
const secretOf = (blueprint: Blueprint | undefined) => blueprint?.secret;

afterAll(() => db.drop());
beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
});

async function selling() {
  const shown = shownBlueprints();
  const ending = new AbortController();
  if (!fluidos) throw new Error('no fluidos');
  const running = sellServiceBlueprints({
    serviceBlueprints: shown.serviceBlueprints,
    fluidos,
    configured: [],
    inventory,
    kept,
    self: SELLER,
    clock: { now: () => NOON },
    say: () => {},
    log: quiet,
    signal: ending.signal,
  });
  return {
    write: shown.write,
    async stop() {
      ending.abort();
      await running;
    },
  };
}
const onSale = async () => {
  const [flavor] = await inventory.list();
  if (!flavor) throw new Error('nothing is listed');
  return flavor;
};
async function buy(key: string) {
  const { id } = await onSale();
  const transaction = newTransaction();
  await inventory.reserve({ flavor: id, buyer: buyerOf('alice'), service: SERVICE, transaction, idempotencyKey: key, ttlMs: 1_000 });
  const { terms } = await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
  return { contract: terms.id, flavor: terms.flavor.id };
}

test('each sale is made and handed over by what was written when it was sold, also when the resource changed or is gone', async () => {
  const resources = await selling();
  await resources.write(called('one'));
  const first = await buy('1');
  const before = await onSale();
  expect(secretOf(await kept.of(before.id))).toBe('one');
  await resources.write(called('two'));
  const now = await onSale();
  expect(now.id).not.toBe(before.id);
  expect(await inventory.serves(before.id)).toBe(false);
  const second = await buy('2');
  await resources.write();
  expect(await inventory.list()).toEqual([]);
  expect([await kept.of(first.flavor), await kept.of(second.flavor)].map(secretOf)).toEqual(['one', 'two']);
  expect((await contracts.list({ living: true })).length).toBe(2);
  // Written again it is what it was, and what is sold of it counts.
  await resources.write(called('two'));
  await buy('3');
  await expect(onSale()).rejects.toThrow('nothing is listed');
  await resources.stop();
});

test('what nothing is sold of is forgotten with the next writing, and another process begins with what is there', async () => {
  const resources = await selling();
  await resources.write(called('one'));
  const sold = await buy('1');
  await resources.write(called('two'));
  await resources.write(called('three'));
  await resources.write(called('four'));
  const left = async () =>
    (await db.sql<{ secret: string }[]>`select blueprint ->> 'secret' as secret from kept_blueprint order by terms`).map(
      ({ secret }) => secret,
    );
  // The one before was on sale when the last was written.
  expect(await left()).toEqual(['one', 'three', 'four']);
  await inventory.giveBack({ contract: sold.contract, ending: { reason: 'done' } });
  await resources.stop();
  const again = await selling();
  const { id } = await onSale();
  await again.write(called('four'));
  expect(await left()).toEqual(['four']);
  expect((await onSale()).id).toBe(id);
  expect(await kept.flavors()).toHaveLength(1);
  await again.stop();
});

test('what was read last of the resources is told by any process, whatever stands in it', async () => {
  const { write, stop } = await selling();
  await write(called('credentials'), { name: 'odd', wrong: 'a\0b' }, written('free', {}, {}));
  const again = async () =>
    (await kept.read()).map(({ resource, name = '-', instances = 0, why = '' }) => `${resource} ${name} ${instances} ${why}`).toSorted();
  const free = 'has no price: annotate it rearguard.dev/price, or say fluidos.services.price in the configuration';
  expect(await again()).toEqual(['db-mysql db 3 ', `free db 1 ${free}`, 'odd - 0 a\ufffdb']);
  await write(called('credentials'), written('free', {}, NOTES));
  expect(await again()).toEqual(['db-mysql db 3 ', 'free db 3 ']);
  const listed = (await inventory.list()).map(({ id }) => id);
  expect((await kept.read()).map(({ flavor }) => flavor).toSorted()).toEqual(listed.toSorted());
  await write();
  expect(await again()).toEqual([]);
  await stop();
});
