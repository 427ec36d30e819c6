/** What is configured and cannot be made in the cluster is not sold, and everybody who looks is told why. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { publishBlueprints } from '../../src/runtime/blueprints.ts';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { keepMakeable } from '../../src/runtime/makeable-blueprints.ts';
import { openReadiness } from '../../src/runtime/readiness.ts';
import { SELLER } from '../contracts/samples.ts';
import { memoryKeptBlueprints } from '../fakes/kept-blueprints.ts';
import { shownKinds } from '../fakes/kinds.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { writtenExamples } from '../fakes/written-examples.ts';

const NODE = { id: 'north', domain: 'north.example', address: 'north.example:3004' };
const { blueprints } = ConfigurationSchema.parse({ node: NODE, blueprints: [{ name: 'orders', use: 'database' }, ...writtenExamples] });
const NO_MACHINES = 'not on sale: small-machine: this cluster has no kubevirt.io/v1 VirtualMachine';

let ending: AbortController;
let following: Promise<void>;
let logged: [level: string, words: string][];
beforeEach(() => ([ending, following, logged] = [new AbortController(), Promise.resolve(), []]));
afterEach(async () => {
  ending.abort();
  await following;
});

async function begin(...lacking: readonly string[]) {
  const shown = shownKinds(...lacking);
  const { inventory } = memoryInventory({ clock: { now: () => 0 } });
  const log = {
    info: (_facts: object, words: string) => void logged.push(['info', words]),
    warn: (_facts: object, words: string) => void logged.push(['warn', words]),
    error: (_facts: object, words: string) => void logged.push(['error', words]),
  };
  const readiness = openReadiness(log);
  const kept = memoryKeptBlueprints();
  let trouble = false;
  ({ following } = await keepMakeable({
    blueprints,
    kinds: shown.kinds,
    async publish(makeable) {
      if (trouble) throw new Error('the store is away');
      await publishBlueprints({ blueprints: makeable, self: SELLER, inventory, kept, now: 0, log });
    },
    readiness,
    log,
    signal: ending.signal,
  }));
  return {
    lack: shown.lack,
    onSale: async () => (await inventory.list()).map(({ offer }) => ('name' in offer ? offer.name : '')).toSorted(),
    check: async () => (await readiness.checks()).find(({ name }) => name === 'blueprints'),
    setTrouble: (away: boolean) => void (trouble = away),
  };
}

test('a blueprint whose kind the cluster lacks is never on sale, the others are, and the node is ready and says it', async () => {
  const { onSale, check } = await begin('VirtualMachine');
  expect(await onSale()).toEqual(['air-quality', 'orders']);
  expect(await check()).toMatchObject({ ready: true, says: NO_MACHINES });
  expect(logged.filter(([level]) => level === 'warn')).toEqual([['warn', `of 3 blueprints ${NO_MACHINES}`]]);
});

test('it comes on sale with its kind and goes with it; each change is said once', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const { onSale, lack, check } = await begin();
  expect(await onSale()).toEqual(['air-quality', 'orders', 'small-machine']);
  expect(await check()).not.toHaveProperty('says');
  await lack('VirtualMachine');
  expect(await onSale()).toEqual(['air-quality', 'orders']);
  await lack('VirtualMachine');
  await lack();
  vi.setSystemTime(Date.now() + 60_000);
  vi.useRealTimers();
  expect(await onSale()).toEqual(['air-quality', 'orders', 'small-machine']);
  expect(logged.filter(([, words]) => words.startsWith('of 3'))).toEqual([
    ['warn', `of 3 blueprints ${NO_MACHINES}`],
    ['info', 'of 3 blueprints all are on sale'],
  ]);
});

test('a store that is away meanwhile is tried again with what is so then', async () => {
  const { onSale, lack, setTrouble } = await begin();
  setTrouble(true);
  await expect(lack('Gateway')).rejects.toThrow('away');
  setTrouble(false);
  await lack('Gateway');
  expect(await onSale()).toEqual(['orders', 'small-machine']);
});
