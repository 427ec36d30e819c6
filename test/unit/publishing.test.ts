import { expect, test } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { ConfigurationSchema, completed } from '../../src/runtime/configuration.ts';
import { offeredTerms } from '../../src/runtime/configuration-terms.ts';
import { encodeFlavor, readFlavors } from '../../src/rear/flavor.ts';
import { NAME, publishFlavors } from '../../src/runtime/flavors.ts';
import { buyerOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';

const { inventory } = memoryInventory({ clock: { now: () => NOON } });
const publish = async (...names: readonly string[]): Promise<void> => {
  const { flavors } = completed(
    ConfigurationSchema.parse({
      node: { id: 'north', domain: 'north.example', address: 'north.example:3004' },
      flavors: names.map((name) => ({ name, cpu: '8', memory: '16Gi', pods: '100' })),
    }),
  );
  await publishFlavors({ flavors, self: SELLER, inventory, now: NOON, log: { info: () => {}, error: () => {} } });
};
const listed = async (): Promise<number> => (await inventory.list()).length;

test('what is promised with a flavor is its own, or what the node promises with all', async () => {
  const flavor = { cpu: '8', memory: '16Gi', pods: '100' };
  const { flavors, sell } = completed(
    ConfigurationSchema.parse({
      node: { id: 'north', domain: 'north.example', address: 'north.example:3004' },
      rear: {
        terms: {
          renewal: { kind: 'automatic', days: 30 },
          noticeSeconds: 90,
          sla: { availabilityPercent: 99.5, creditPercent: 10 },
          telemetry: { metrics: ['cpu_usage'], intervalSeconds: 15 },
        },
      },
      flavors: [
        { name: 'as-all', ...flavor },
        { name: 'own', ...flavor, terms: { noticeSeconds: 5 } },
        { name: 'nothing', ...flavor, terms: {} },
      ],
      sell: {},
    }),
  );
  await publishFlavors({ flavors, self: SELLER, inventory, now: NOON, log: { info: () => {}, error: () => {} } });
  const all = {
    renewal: { kind: 'automatic', forMs: 30 * 86_400_000 },
    noticeMs: 90_000,
    sla: { availabilityPercent: 99.5, creditPercent: 10 },
    telemetry: { metrics: ['cpu_usage'], intervalMs: 15_000 },
  };
  const named = (await inventory.list()).filter(isSlice).map(({ offer, terms }) => [offer.additionalProperties?.[NAME], terms]);
  expect(Object.fromEntries(named)).toEqual({ 'as-all': all, own: { noticeMs: 5_000 }, nothing: undefined });
  expect(offeredTerms(sell?.terms)).toEqual(all);
  await publish();
});

test('a flavor says what its owner declares of it, as one of the cluster does', async () => {
  const declared = {
    latencyMs: 12,
    securityStandards: ['ISO27001'],
    carbonFootprint: { embodied: 900, operational: [141, 139] },
    properties: { rack: 'r1' },
  };
  const flavor = { name: 'green', cpu: '8', memory: '16Gi', pods: '100' };
  const node = { id: 'north', domain: 'north.example', address: 'north.example:3004' };
  const { flavors } = completed(ConfigurationSchema.parse({ node, flavors: [{ ...flavor, ...declared }] }));
  await publishFlavors({ flavors, self: SELLER, inventory, now: NOON, log: { info: () => {}, error: () => {} } });
  const { properties, ...said } = declared;
  const [listed] = readFlavors(JSON.parse(`[${(await inventory.list()).map(encodeFlavor)}]`)).flavors;
  expect(listed?.offer).toMatchObject({ ...said, additionalProperties: properties });
  const wrong = { ...declared, carbonFootprint: { embodied: 1.5, operational: [] } };
  expect(ConfigurationSchema.safeParse({ node, flavors: [{ ...flavor, ...wrong }] }).error?.issues).toMatchObject([
    { path: ['flavors', 0, 'carbonFootprint', 'embodied'], message: 'must be a whole number, as REAR carries it' },
  ]);
  await publish();
});

test('a flavor that is not configured any more comes off sale, although it is sold out', async () => {
  await publish('big', 'small');
  expect(await listed()).toBe(2);
  const [flavor] = await inventory.list();
  if (!flavor) throw new Error('nothing is listed');
  const transaction = newTransaction();
  await inventory.reserve({ flavor: flavor.id, buyer: buyerOf('alice'), transaction, ttlMs: 1_000 });
  await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
  expect(await listed()).toBe(1);
  await publish('small');
  await inventory.giveBack({ contract: contractOf(transaction), ending: { reason: 'done' } });
  expect(await listed()).toBe(1);
  await publish();
  expect(await listed()).toBe(0);
});
