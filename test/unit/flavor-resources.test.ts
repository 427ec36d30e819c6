/** FLUIDOS Flavor resources as flavors of ours: what is read, and what of it is on sale. */
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf } from '../../src/domain/ids.ts';
import type { FlavorResources, WrittenFlavors } from '../../src/ports/flavor-resources.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { readFlavorResource } from '../../src/rear/flavor-resource.ts';
import { publishFlavors } from '../../src/runtime/flavors.ts';
import { sellResources } from '../../src/runtime/flavor-resources.ts';
import { buyerOf, flavorOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { fluidosSpec } from '../fakes/fluidos-flavors.ts';
import { type MemoryInventory, memoryInventory } from '../fakes/memory-inventory.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
const written = (name: string, change: object = {}) => ({ name, ...readFlavorResource(fluidosSpec(change)) });
const installed = (...flavors: WrittenFlavors['flavors']): WrittenFlavors => ({ installed: true, flavors });

describe('the spec of a Flavor', () => {
  it('is read as the resource spells it', () => {
    expect(readFlavorResource(fluidosSpec())).toEqual({
      offer: {
        kind: 'k8slice',
        architecture: 'amd64',
        resources: { cpu: '8', memory: '16Gi', pods: '110', gpu: '2', storage: '50Gi' },
        gpu: { model: 'A100', cores: '2', memory: '80Gi' },
        latencyMs: 12,
        securityStandards: ['TEE'],
        carbonFootprint: { embodied: 9, operational: [1, 2] },
        additionalProperties: { bandwidth: '1G' },
        partitionability: { min: { cpu: '1', memory: '1Gi', pods: '1', gpu: '1' }, step: { cpu: '1', memory: '1Gi', pods: '1', gpu: '1' } },
      },
      price: { amount: '0.9', currency: 'EUR', period: 'hourly' },
      location: { latitude: '59.9', longitude: '10.7', country: 'Norway', city: 'Oslo', additionalNotes: 'none' },
      networkPropertyType: 'networkProperty',
      available: true,
    });
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'flavorType'],
    ['another type', { flavorType: { typeIdentifier: 'Dish', typeData: {} } }, 'flavors of type "Dish" are not known'],
    ['a quantity that is none', fluidosSpec({}, { cpu: 'many' }), 'cpu: not a quantity'],
    ['a price that is none', fluidosSpec({ price: { amount: 'much', currency: 'EUR', period: 'hourly' } }), 'price'],
    ['a text', 'all of it', ''],
  ])('is told to be wrong: %s', (_, spec, words) => {
    expect(readFlavorResource(spec)).toEqual({ wrong: expect.stringContaining(words) });
  });
});

describe('what is written', () => {
  let memory: MemoryInventory;
  let said: string[];
  /** Which flavors the store was asked to publish. */
  let asked: string[];
  let tell: (state: WrittenFlavors) => Promise<undefined>;
  let stop: () => Promise<void>;
  const listed = async () => (await memory.inventory.list()).filter(isSlice);

  beforeEach(async () => {
    memory = memoryInventory({ clock: { now: () => NOON } });
    said = [];
    const ending = new AbortController();
    let watches: () => void = () => undefined;
    const watched = new Promise<void>((resolve) => {
      watches = resolve;
    });
    const flavorResources: FlavorResources = {
      async watch(_namespace, sink, signal) {
        tell = sink;
        watches();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      },
    };
    asked = [];
    const inventory: Inventory = {
      ...memory.inventory,
      async publish(flavor) {
        asked.push(flavor.id);
        await memory.inventory.publish(flavor);
      },
    };
    const say = (words: string): void => void said.push(words);
    const clock = { now: () => NOON };
    const running = sellResources({
      flavorResources,
      namespace: 'fluidos',
      inventory,
      self: SELLER,
      clock,
      say,
      log: quiet,
      signal: ending.signal,
    });
    stop = async () => {
      ending.abort();
      await running;
    };
    await watched;
  });
  afterEach(async () => await stop());

  it('is on sale as ours, changes, and is withdrawn; what is sold of it stays sold', async () => {
    await tell(installed(written('big')));
    const [flavor] = await listed();
    expect(flavor).toMatchObject({
      owner: { id: SELLER.id },
      price: { amount: '0.9' },
      location: { city: 'Oslo' },
      offer: { latencyMs: 12 },
    });
    expect(flavor?.offer.additionalProperties).toEqual({ bandwidth: '1G', 'rearguard.dev/flavor-resource': 'big' });
    if (!flavor) throw new Error('nothing is listed');
    const [transaction, part] = [newTransaction(), { cpu: '1', memory: '1Gi', pods: '1', gpu: '1' }];
    await memory.inventory.reserve({ flavor: flavor.id, buyer: buyerOf('alice'), part, transaction, idempotencyKey: 'k', ttlMs: 1_000 });
    await memory.inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
    await tell(installed(written('big', { availability: false }), written('small')));
    expect((await listed()).map(({ offer }) => offer.additionalProperties?.['rearguard.dev/flavor-resource'])).toEqual(['small']);
    await tell({ installed: false, flavors: [] });
    expect(await listed()).toEqual([]);
    expect(memory.living()).toHaveLength(1);
    await tell(installed(written('big')));
    expect(await listed()).toMatchObject([{ id: flavor.id, offer: { resources: { cpu: '7', gpu: '1' } } }]);
  });

  it('asks the store after that alone which changed', async () => {
    await tell(installed(written('a'), written('b')));
    await tell(installed(written('a'), written('b', { price: { amount: '2', currency: 'EUR', period: 'hourly' } })));
    await tell(installed(written('b', { price: { amount: '2', currency: 'EUR', period: 'hourly' } })));
    await tell(installed(written('a'), written('b', { price: { amount: '2', currency: 'EUR', period: 'hourly' } })));
    const [a, b] = asked;
    expect(asked).toEqual([a, b, b, a]);
    expect((await listed()).map(({ price }) => price?.amount)).toEqual(['0.9', '2']);
  });

  it('and cannot be read is named, and hinders no other', async () => {
    const service = readFlavorResource({ flavorType: { typeIdentifier: 'Service', typeData: { name: 'db' } } });
    const less = written('less', {});
    await tell(
      installed(
        { name: 'broken', wrong: 'cpu: not a quantity' },
        { name: 'db', ...service },
        'offer' in less && less.offer.kind === 'k8slice'
          ? { ...less, offer: { ...less.offer, resources: { ...less.offer.resources, memory: '-1Gi' } } }
          : less,
        written('good'),
      ),
    );
    expect(await listed()).toHaveLength(1);
    expect(said.at(-1)).toBe(
      '4 Flavor resources in namespace fluidos; not on sale: broken: cpu: not a quantity; db: only slices of a cluster are read, not a service; less: memory is below nothing',
    );
    await tell(installed());
    expect(said.at(-1)).toBe('0 Flavor resources in namespace fluidos');
  });

  it('and has a price in no currency is named with the one that was probably meant, and sold once it has', async () => {
    const inCurrency = (currency: string) => installed(written('big', { price: { amount: '0.9', currency, period: 'hourly' } }));
    await tell(inCurrency('eur'));
    expect(await listed()).toEqual([]);
    expect(said.at(-1)).toBe(
      '1 Flavor resources in namespace fluidos; not on sale: big: the currency of its price must be an ISO 4217 code in capitals such as EUR, not "eur"; did you mean EUR?',
    );
    await tell(inCurrency('EUR'));
    expect(await listed()).toMatchObject([{ price: { currency: 'EUR' } }]);
    await tell(inCurrency('Taler'));
    expect(await listed()).toEqual([]);
  });

  it('leaves flavors of the configuration and of the cluster alone, and is left alone by them', async () => {
    await memory.inventory.publish(flavorOf('hand'));
    const marks = { 'rearguard.dev/stock': 'node', 'rearguard.dev/flavor': 'x' };
    const own = written('own');
    await tell(
      installed('offer' in own && own.offer.kind === 'k8slice' ? { ...own, offer: { ...own.offer, additionalProperties: marks } } : own),
    );
    await publishFlavors({ flavors: [], self: SELLER, inventory: memory.inventory, now: NOON, log: quiet });
    expect(await listed()).toHaveLength(2);
    await tell(installed());
    expect((await listed()).map(({ id }) => id)).toEqual([flavorOf('hand').id]);
  });
});
