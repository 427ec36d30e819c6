/** What is configured and cannot be made in the cluster is not sold, and everybody who looks is told why. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hindrance, type UnmakeableKind } from '../../src/domain/unmakeable.ts';
import { publishBlueprints } from '../../src/runtime/blueprints.ts';
import { ConfigurationSchema } from '../../src/runtime/configuration.ts';
import { keepMakeable } from '../../src/runtime/makeable-blueprints.ts';
import { openReadiness } from '../../src/runtime/readiness.ts';
import { SELLER } from '../contracts/samples.ts';
import { memoryKeptBlueprints } from '../fakes/kept-blueprints.ts';
import { shownKinds } from '../fakes/kinds.ts';
import { type MemoryInventory, memoryInventory } from '../fakes/memory-inventory.ts';
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
  return await beginAt(memoryInventory({ clock: { now: () => 0 } }), shownKinds(...lacking));
}
async function beginAt({ inventory }: MemoryInventory, shown: ReturnType<typeof shownKinds>) {
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
      await publishBlueprints({ ...makeable, self: SELLER, inventory, kept, now: 0, log });
    },
    readiness,
    log,
    signal: ending.signal,
  }));
  return {
    lack: shown.lack,
    hide: shown.hide,
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

const NOT_KNOWN = 'on sale only if it was before: small-machine: whether this cluster has kubevirt.io/v1 VirtualMachine is not known';
test('what nobody knows withdraws nothing and puts nothing on sale: not of a process that begins anew either', async () => {
  const memory = memoryInventory({ clock: { now: () => 0 } });
  const first = await beginAt(memory, shownKinds());
  await first.hide('VirtualMachine');
  expect(await first.onSale()).toEqual(['air-quality', 'orders', 'small-machine']);
  ending.abort();
  await following;
  ending = new AbortController();
  const shown = shownKinds('Gateway');
  await shown.hide('VirtualMachine');
  const { onSale, lack, hide, check } = await beginAt(memory, shown);
  expect(await onSale()).toEqual(['orders', 'small-machine']);
  expect(await check()).toMatchObject({
    ready: true,
    says: expect.stringMatching(/^not on sale: air-quality: .*; on sale only if it was before: small-machine: /),
  });
  await lack();
  expect(logged.at(-1)).toEqual(['warn', `of 3 blueprints ${NOT_KNOWN}`]);
  await hide();
  await lack('VirtualMachine');
  expect(await onSale()).toEqual(['air-quality', 'orders']);
  await hide('VirtualMachine');
  await lack();
  expect(await onSale()).toEqual(['air-quality', 'orders']);
  await hide();
  expect(await onSale()).toEqual(['air-quality', 'orders', 'small-machine']);
});

test('of a blueprint that lacks one kind and of which another is not known, what is certain counts', async () => {
  const kinds = [
    { apiVersion: 'a/v1', kind: 'A' },
    { apiVersion: 'b/v1', kind: 'B' },
  ];
  const [a, b] = [
    { ...kinds[0], why: 'not known', unknown: true },
    { ...kinds[1], why: 'none' },
  ] as UnmakeableKind[];
  expect(hindrance([a, b] as UnmakeableKind[], kinds)).toBe(b);
  expect(hindrance([a] as UnmakeableKind[], kinds)).toBe(a);
  expect(hindrance([b] as UnmakeableKind[], kinds.slice(0, 1))).toBeUndefined();
});
