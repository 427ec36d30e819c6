/** Whoever asks is told of each blueprint whether it is on sale, and why not: as the store has it, with what the process found out. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceTerms } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { blueprintSales, type KnownSales } from '../../src/runtime/blueprint-sales.ts';
import { publishBlueprints } from '../../src/runtime/blueprints.ts';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { keepMakeable } from '../../src/runtime/makeable-blueprints.ts';
import { openReadiness } from '../../src/runtime/readiness.ts';
import { buyerOf, newTransaction, SELLER } from '../contracts/samples.ts';
import { memoryKeptBlueprints } from '../fakes/kept-blueprints.ts';
import { shownKinds } from '../fakes/kinds.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { writtenExamples } from '../fakes/written-examples.ts';

const NODE = { id: SELLER.id, domain: SELLER.domain, address: SELLER.address };
const configured = (...names: readonly string[]) => {
  const all = [{ name: 'orders', use: 'database', instances: 2 }, ...writtenExamples];
  return ConfigurationSchema.parse({ node: NODE, blueprints: all.filter(({ name }) => names.length === 0 || names.includes(name)) });
};
const log = { info() {}, warn() {}, error() {} };

let ending: AbortController;
let following: Promise<void>;
let inventory: ReturnType<typeof memoryInventory>['inventory'];
const kept = memoryKeptBlueprints();
beforeEach(() => {
  [ending, following] = [new AbortController(), Promise.resolve()];
  ({ inventory } = memoryInventory({ clock: { now: () => 0 } }));
});
afterEach(async () => {
  ending.abort();
  await following;
});

/** A process over the store, as `rearguard serve` puts it together. */
async function begin(shown: ReturnType<typeof shownKinds>, configuration = configured()): Promise<KnownSales> {
  const sales = blueprintSales({ configuration, inventory, kept });
  ({ following } = await keepMakeable({
    blueprints: configuration.blueprints,
    kinds: shown.kinds,
    async publish(makeable) {
      sales.found({
        lacking: makeable.lacking,
        refused: await publishBlueprints({ ...makeable, self: SELLER, inventory, kept, now: 0, log }),
      });
    },
    readiness: openReadiness(log),
    log,
    signal: ending.signal,
  }));
  return sales;
}
const said = async (sales: KnownSales): Promise<Record<string, readonly unknown[]>> =>
  Object.fromEntries(
    (await sales.page({ limit: 100 })).items.map(({ name, state, free, instances, why }) => [
      name,
      [state, `${free} of ${instances}`, ...(why ? [why] : [])],
    ]),
  );

const NO_MACHINES = 'this cluster has no kubevirt.io/v1 VirtualMachine';
const NOT_KNOWN = 'whether this cluster has kubevirt.io/v1 VirtualMachine is not known';

test('what the cluster cannot make is not on sale for that reason, and on sale as soon as it can', async () => {
  const shown = shownKinds('VirtualMachine');
  const sales = await begin(shown);
  expect(await said(sales)).toEqual({
    orders: ['on-sale', '2 of 2'],
    'small-machine': ['not-on-sale', '0 of 4', NO_MACHINES],
    'air-quality': ['on-sale', '10 of 10'],
  });
  await shown.lack();
  expect(await said(sales)).toMatchObject({ 'small-machine': ['on-sale', '4 of 4'] });
  await shown.hide('VirtualMachine');
  expect(await said(sales)).toMatchObject({ 'small-machine': ['on-sale', '4 of 4', NOT_KNOWN] });
  await shown.hide();
  await shown.lack('VirtualMachine');
  await shown.hide('VirtualMachine');
  await shown.lack();
  expect(await said(sales)).toMatchObject({ 'small-machine': ['not-on-sale', '0 of 4', NOT_KNOWN] });
});

test('each is named by the id under which it is listed', async () => {
  const sales = await begin(shownKinds());
  const listed = (await inventory.list()).map(({ id }) => id);
  expect((await sales.page({ limit: 100 })).items.map(({ flavor }) => flavor).toSorted()).toEqual(listed.toSorted());
  expect((await sales.page({ limit: 1 })).items).toMatchObject([{ name: 'air-quality', kind: 'sensor', writtenIn: 'configuration' }]);
});

test('one of which all instances are sold or reserved says so', async () => {
  const sales = await begin(shownKinds(), configured('orders'));
  const [flavor] = await inventory.list();
  if (!flavor) throw new Error('nothing is listed');
  const service: ServiceTerms = { hostingPolicy: 'Provider', configuration: {} };
  const reserve = async () =>
    await inventory.reserve({
      flavor: flavor.id,
      buyer: buyerOf('alice'),
      service,
      transaction: newTransaction(),
      ttlMs: 60_000,
      idempotencyKey: newTransaction(),
    });
  const { id } = await reserve();
  await inventory.sell({ transaction: id, contract: contractOf(id), seller: SELLER, lifetimeMs: 60_000 });
  expect(await said(sales)).toEqual({ orders: ['on-sale', '1 of 2'] });
  await reserve();
  expect(await said(sales)).toEqual({ orders: ['sold-out', '0 of 2', 'all are sold or reserved'] });
  expect(await inventory.list()).toEqual([]);

  // Taken out of the configuration, while one is sold.
  const later = await begin(shownKinds(), configured('air-quality'));
  expect(await said(later)).toMatchObject({
    'air-quality': ['on-sale', '10 of 10'],
    orders: ['not-on-sale', '0 of 2', 'it is not configured any more'],
  });
});

test('what the store refuses is told in its words, and before anything is found out that too', async () => {
  const unknown = blueprintSales({ configuration: configured('orders'), inventory, kept });
  expect(await said(unknown)).toEqual({ orders: ['not-on-sale', '0 of 2', 'whether this cluster can make it is not known yet'] });
  const publish = () => Promise.reject(new Fault('CONFIGURATION_INVALID', 'another owner has this id'));
  inventory = { ...inventory, publish };
  expect(await said(await begin(shownKinds(), configured('orders')))).toEqual({
    orders: ['not-on-sale', '0 of 2', 'another owner has this id'],
  });
});

test('one of a resource is told as long as it is on sale or something of it is sold', async () => {
  const sales = await begin(shownKinds(), configured('orders'));
  const written = blueprintOf(SELLER, 'sensor');
  await kept.keep({ flavor: written.id, terms: 'x', blueprint: {} as never });
  await inventory.publish(written, 'x', 3);
  expect((await sales.page({ limit: 100 })).items).toMatchObject([
    { name: 'orders', writtenIn: 'configuration' },
    { name: 'orders-sensor', kind: 'sensor', writtenIn: 'resource', flavor: written.id, state: 'on-sale', free: 3 },
  ]);
});
