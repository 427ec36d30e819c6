/** What of FLUIDOS ServiceBlueprint resources is on sale, at which price, and what becomes of it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { READY_MADE } from '../../src/domain/ready-made.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { blueprintSales } from '../../src/runtime/blueprint-sales.ts';
import { blueprintsOf, publishBlueprints } from '../../src/runtime/blueprints.ts';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { forgetServiceBlueprints, sellServiceBlueprints } from '../../src/runtime/service-blueprints.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { shownBlueprints, writtenBlueprint as written } from '../fakes/fluidos-blueprints.ts';
import { memoryKeptBlueprints } from '../fakes/kept-blueprints.ts';
import { type MemoryInventory, memoryInventory } from '../fakes/memory-inventory.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
const clock = { now: () => NOON };
const NODE = { id: 'north', domain: 'north.example', address: 'north.example:3004' };

let memory: MemoryInventory;
let kept: ReturnType<typeof memoryKeptBlueprints>;
let shown: ReturnType<typeof shownBlueprints>;
let said: string[];
/** How many instances the store was asked to publish of each. */
let asked: (number | undefined)[];
let ending: AbortController;
let running: Promise<unknown>;
const listed = async () => await memory.inventory.list();
const begin = (services: object = {}, blueprints: readonly object[] = []): void => {
  const { fluidos, blueprints: configured } = ConfigurationSchema.parse({
    node: NODE,
    fluidos: { namespace: 'fluidos', services },
    blueprints,
  });
  if (!fluidos) throw new Error('no fluidos');
  const { serviceBlueprints } = shown;
  const inventory: Inventory = {
    ...memory.inventory,
    async publish(flavor, terms, instances) {
      asked.push(instances);
      await memory.inventory.publish(flavor, terms, instances);
    },
  };
  const say = (words: string): void => void said.push(words);
  running = sellServiceBlueprints({
    serviceBlueprints,
    fluidos,
    configured,
    inventory,
    kept,
    self: SELLER,
    clock,
    say,
    log: quiet,
    signal: ending.signal,
  });
};

beforeEach(() => {
  memory = memoryInventory({ clock });
  [kept, shown, said, asked, ending, running] = [
    memoryKeptBlueprints(),
    shownBlueprints(),
    [],
    [],
    new AbortController(),
    Promise.resolve(),
  ];
});
afterEach(async () => {
  ending.abort();
  await running;
});

it('is on sale as ours at its own price, with as many instances; goes with its resource, and what is sold stays sold', async () => {
  begin();
  await shown.write(written('db-mysql', {}, { price: '0.05', currency: 'EUR', instances: '2', city: 'Oslo' }));
  const [flavor] = await listed();
  if (!flavor) throw new Error('nothing is listed');
  expect(flavor).toMatchObject({
    owner: { id: SELLER.id },
    price: { amount: '0.05', currency: 'EUR', period: 'hourly' },
    location: { city: 'Oslo' },
    offer: { kind: 'service', name: 'db', category: 'database' },
  });
  const service = { hostingPolicy: 'Provider', configuration: { username: 'u', password: 'p', database: 'd' } } as const;
  const buy = async (key: string) => {
    const transaction = newTransaction();
    const [now = flavor] = await listed();
    await memory.inventory.reserve({ flavor: now.id, buyer: buyerOf('alice'), service, transaction, idempotencyKey: key, ttlMs: 1_000 });
    await memory.inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
  };
  await buy('1');
  await buy('2');
  expect(await listed()).toEqual([]);
  await shown.write();
  expect(memory.living()).toHaveLength(2);
  expect((await kept.of(flavor.id))?.secret).toBe('db-credentials');
  await shown.uninstall();
  expect(said.at(-1)).toBe('ServiceBlueprint resources are not installed in the cluster');
});

it('takes from the configuration what it does not say of itself, and without a price is not on sale', async () => {
  begin({ price: { amount: '0.10', currency: 'CHF' }, location: { country: 'Italy' }, instances: 3 });
  await shown.write(written('a', {}, {}), written('b', {}, { price: '0.2', country: 'Norway' }));
  expect((await listed()).map(({ price, location }) => [price?.amount, price?.currency, location?.country]).toSorted()).toEqual([
    ['0.10', 'CHF', 'Italy'],
    ['0.2', 'CHF', 'Norway'],
  ]);
  expect(asked).toEqual([3, 3]);
  expect(said.at(-1)).toBe('2 ServiceBlueprint resources in namespace fluidos');
});

it('is named with the reason when it cannot be sold, and hinders no other', async () => {
  begin({}, [{ name: 'taken', use: 'database' }]);
  await shown.write(
    { name: 'broken', wrong: 'templates: none is a Secret that could be handed over' },
    written('dear', {}, { price: '1' }),
    written('euro', {}, { price: '1', currency: 'Euro' }),
    written('free', {}, {}),
    written('good'),
    written('taken-too', { name: 'taken' }),
  );
  expect(await listed()).toHaveLength(1);
  expect(said.at(-1)).toBe(
    '6 ServiceBlueprint resources in namespace fluidos; not on sale: broken: templates: none is a Secret that could be handed over; ' +
      'dear: its price has no currency: annotate it rearguard.dev/currency; ' +
      'euro: the currency of its price must be an ISO 4217 code in capitals such as EUR, not "Euro"; did you mean EUR?; ' +
      'free: has no price: annotate it rearguard.dev/price, or say fluidos.services.price in the configuration; ' +
      'taken-too: blueprints of the configuration have a service taken',
  );
});

/** What whoever asks another process is told. */
async function told(): Promise<readonly string[]> {
  const sales = blueprintSales({ configuration: ConfigurationSchema.parse({ node: NODE }), inventory: memory.inventory, kept });
  const { items } = await sales.page({ limit: 100 });
  const ids = (await listed()).map(({ id }) => id);
  expect(items.filter(({ state }) => state === 'on-sale').map(({ flavor }) => flavor)).toEqual(expect.arrayContaining(ids));
  return items.map(
    ({ name, resource = '-', state, free, instances, why = '' }) =>
      `${name} ${resource}: ${state}, ${free} of ${instances}${why && `; ${why}`}`,
  );
}

it('is told of by its resource to whoever asks, on sale or not, and why not', async () => {
  begin({ instances: 2 }, [{ name: 'taken', use: 'database' }]);
  await shown.write(
    { name: 'broken', wrong: 'templates: none is a Secret that could be handed over' },
    written('free', {}, {}),
    written('good', { name: 'a' }, { price: '1', currency: 'EUR', instances: '3' }),
    written('half', { name: 'b', hostingPolicies: ['Consumer', 'Provider'] }),
    written('taken-too', { name: 'taken' }),
  );
  expect(await told()).toEqual([
    'a good: on-sale, 3 of 3',
    expect.stringMatching(/^b half: on-sale, 2 of 2; not as Consumer: a buyer would not host it: /),
    'broken broken: not-on-sale, 0 of 0; templates: none is a Secret that could be handed over',
    'db free: not-on-sale, 0 of 2; has no price: annotate it rearguard.dev/price, or say fluidos.services.price in the configuration',
    'taken taken-too: not-on-sale, 0 of 2; blueprints of the configuration have a service taken',
  ]);
  // What was on sale, and cannot be read any more, says why; what is repaired is on sale; what is deleted is told of no more.
  await shown.write({ name: 'good', wrong: 'spec.name: is missing' }, written('free'));
  expect(await told()).toEqual(['db free: on-sale, 2 of 2', 'good good: not-on-sale, 0 of 0; spec.name: is missing']);
  await shown.write();
  expect(await told()).toEqual([]);
});

it('is told of as refused in the words of the store, and as sold out or gone while something of it is sold', async () => {
  const { publish } = memory.inventory;
  Object.assign(memory.inventory, { publish: () => Promise.reject(new Fault('CONFIGURATION_INVALID', 'another owner has this id')) });
  begin();
  await shown.write(written('db-mysql'));
  expect(await told()).toEqual(['db db-mysql: not-on-sale, 0 of 1; another owner has this id']);
  Object.assign(memory.inventory, { publish });
  await shown.write(written('db-mysql'));
  const [flavor] = await listed();
  if (!flavor) throw new Error('nothing is listed');
  const service = { hostingPolicy: 'Provider', configuration: {} } as const;
  const transaction = newTransaction();
  await memory.inventory.reserve({ flavor: flavor.id, buyer: buyerOf('alice'), service, transaction, idempotencyKey: 'k', ttlMs: 1_000 });
  await memory.inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
  expect(await told()).toEqual(['db db-mysql: sold-out, 0 of 1; it is sold or reserved']);
  await shown.uninstall();
  expect(await told()).toEqual(['db -: not-on-sale, 0 of 1; its resource is gone, or was not read yet']);
});

it('is neither put on sale nor withdrawn while nobody knows whether it can be made', async () => {
  begin();
  const unsure = 'whether this cluster has kubevirt.io/v1 VirtualMachine is not known';
  await shown.write({ ...written('vm'), unsure });
  expect([await listed(), said.at(-1)]).toEqual([[], `1 ServiceBlueprint resources in namespace fluidos; not on sale: vm: ${unsure}`]);
  await shown.write(written('vm'));
  const [first] = await listed();
  ending.abort();
  await running;
  // A process that begins anew.
  [shown, ending] = [shownBlueprints(), new AbortController()];
  begin();
  await shown.write({ ...written('vm'), unsure });
  expect((await listed()).map(({ id }) => id)).toEqual([first?.id]);
  expect(await told()).toEqual([`db vm: on-sale, 1 of 1; ${unsure}`]);
  await shown.write();
  expect(await listed()).toEqual([]);
});

it('is on sale under the policies that can be kept, and says which cannot', async () => {
  begin();
  await shown.write(written('db-mysql', { hostingPolicies: ['Consumer', 'Provider'] }));
  expect((await listed()).map(({ offer }) => 'hostingPolicies' in offer && offer.hostingPolicies)).toEqual([['Provider']]);
  expect(said.at(-1)).toMatch(/not on sale: db-mysql as Consumer: a buyer would not host it: /);
});

it('leaves what is configured alone, and is left alone by it; off, all of it is withdrawn', async () => {
  begin();
  const { blueprints } = ConfigurationSchema.parse({ node: NODE, blueprints: [{ name: 'own', use: 'database' }] });
  await shown.write(written('good'));
  await publishBlueprints({ blueprints, self: SELLER, inventory: memory.inventory, kept, now: NOON, log: quiet });
  expect((await listed()).map(({ offer }) => 'name' in offer && offer.name).toSorted()).toEqual(['db', 'own']);
  await shown.write();
  expect((await listed()).map(({ offer }) => 'name' in offer && offer.name)).toEqual(['own']);
  await shown.write(written('good'));
  await forgetServiceBlueprints({ inventory: memory.inventory, kept, log: quiet });
  expect(await kept.read()).toEqual([]);
  expect((await listed()).map(({ offer }) => 'name' in offer && offer.name)).toEqual(['own']);
});

it('is made as it was sold, also when a blueprint of its name is configured later', async () => {
  begin();
  await shown.write(written('good'));
  const [sold] = await listed();
  const { blueprints } = ConfigurationSchema.parse({ node: NODE, blueprints: [{ name: 'db', use: 'database' }] });
  await shown.write();
  await publishBlueprints({ blueprints, self: SELLER, inventory: memory.inventory, kept, now: NOON, log: quiet });
  const [own] = await listed();
  if (!sold || !own) throw new Error('nothing is listed');
  const made = blueprintsOf({ blueprints }, kept);
  const [first, later] = [await made.of(sold), await made.of(own)];
  expect(first?.secret).toBe('db-credentials');
  expect([later?.name, later?.secret]).toEqual(['db', READY_MADE.database.secret]);
});
