/** Whether an intent fits at home: what is sold there is not ours to use. */
import { expect, test } from 'vitest';
import { intentActivities } from '../../activities/intent.ts';
import type { ResourceRequest } from '../../src/domain/candidate.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { contractOf } from '../../src/domain/ids.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { IntentRecords } from '../../src/ports/records.ts';
import { buyerOf, flavorOf, newTransaction, NOON, SELLER } from '../contracts/samples.ts';
import { sized } from '../fakes/cluster-nodes.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';

test.each<[wanted: number, sold: number, unused: number, guests: number, architecture: string | undefined, fits: boolean]>([
  [4, 0, 10, 0, undefined, true],
  [4, 6, 10, 0, undefined, true],
  [4, 7, 10, 0, undefined, false],
  // Of the 7 that are sold 5 are in use: they are not free anyhow.
  [4, 7, 6, 5, undefined, true],
  [5, 7, 6, 5, undefined, false],
  [4, 7, 10, 0, 'amd64', false],
  [4, 7, 10, 0, 'arm64', true],
  [4, 0, 3, 0, undefined, false],
])(
  '%i cores, when %i are sold, %i are free and %i of the others are buyers’, of %s: %s',
  async (wanted, sold, unused, guests, architecture, fits) => {
    const { inventory } = memoryInventory({ clock: { now: () => NOON } });
    await inventory.publish(flavorOf('home'));
    if (sold > 0) {
      const transaction = newTransaction();
      await inventory.reserve({ flavor: flavorOf('home').id, buyer: buyerOf('alice'), part: sized(sold), transaction, ttlMs: 1_000 });
      await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
    }
    const cluster = { free: async () => ({ total: sized(unused), guests: sized(guests) }) } as Partial<Cluster> as Cluster;
    const { lookAtHome } = intentActivities({ cluster, inventory, intents: {} as IntentRecords, self: SELLER, timing: DEFAULT_TIMING });
    const request = { resources: sized(wanted), ...(architecture !== undefined && { architecture }) };
    expect((await lookAtHome({ request })).fits).toBe(fits);
  },
);

test.each<[wanted: number, wish: ResourceRequest['gpu'], sold: number, unused: number, fits: boolean]>([
  [2, undefined, 0, 4, true],
  [2, undefined, 3, 4, false],
  [2, { resource: 'nvidia.com/gpu' }, 2, 4, true],
  [2, { resource: 'nvidia.com/gpu' }, 3, 4, false],
  [2, { resource: 'amd.com/gpu' }, 3, 4, true],
])('%i GPUs as %j, when %i are sold and %i are free: %s', async (wanted, gpu, sold, unused, fits) => {
  const { inventory } = memoryInventory({ clock: { now: () => NOON } });
  const flavor = flavorOf('gpus', { resources: { ...sized(10), gpu: '4' } });
  if (!isSlice(flavor)) throw new Error('not a slice');
  await inventory.publish({ ...flavor, offer: { ...flavor.offer, gpu: { model: 'A100', cores: '4', memory: '0' } } });
  if (sold > 0) {
    const [transaction, part] = [newTransaction(), { ...sized(1), gpu: `${sold}` }];
    await inventory.reserve({ flavor: flavor.id, buyer: buyerOf('alice'), part, transaction, ttlMs: 1_000 });
    await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 1_000 });
  }
  const asked: unknown[] = [];
  const free: Cluster['free'] = async (_architecture, wish) => {
    asked.push(wish);
    return { total: { ...sized(10), gpu: `${unused}` }, guests: sized(0) };
  };
  const cluster = { free } as Partial<Cluster> as Cluster;
  const { lookAtHome } = intentActivities({ cluster, inventory, intents: {} as IntentRecords, self: SELLER, timing: DEFAULT_TIMING });
  const request = { resources: { ...sized(1), gpu: `${wanted}` }, ...(gpu && { gpu }) };
  expect((await lookAtHome({ request })).fits).toBe(fits);
  expect(asked).toEqual([gpu ?? {}]);
});

test.each<[answers: string, whyNotOffload: Cluster['whyNotOffload'], problems: readonly string[] | undefined]>([
  ['it may not: refused before anything is bought', async () => 'it may not: run this', ['spec.workload.namespace: it may not: run this']],
  ['it may', async () => undefined, undefined],
  ['nobody answers: the offloading will tell', () => Promise.reject(new Error('away')), undefined],
])('an intent for a namespace of the user’s own, where the cluster says %s', async (_, whyNotOffload, problems) => {
  const { inventory } = memoryInventory({ clock: { now: () => NOON } });
  const asked: string[] = [];
  const cluster = {
    whyNotOffload: (input) => {
      asked.push(input.namespace);
      return whyNotOffload(input);
    },
  } as Partial<Cluster> as Cluster;
  const { openIntent } = intentActivities({ cluster, inventory, intents: {} as IntentRecords, self: SELLER, timing: DEFAULT_TIMING });
  const document = {
    apiVersion: 'rearguard.dev/v1',
    kind: 'Intent',
    metadata: { name: 'web' },
    spec: { workload: { namespace: 'shop' }, resources: { cpu: '100m', memory: '64Mi', pods: '1' }, placement: 'remote' },
  };
  const { verdict } = await openIntent({ document, now: NOON });
  expect('problems' in verdict ? verdict.problems.map(({ field, problem }) => `${field}: ${problem}`) : undefined).toEqual(problems);
  expect(asked).toEqual(['shop']);
});
