/** What the ports of ratings and telemetry are for: a rating decides between equals, and every look leaves an observation. */
import { expect, test } from 'vitest';
import { discoveryActivities } from '../../activities/discovery.ts';
import { observingActivities } from '../../activities/usage.ts';
import { acquisitionId, clusterId, flavorId, intentName, nodeId } from '../../src/domain/ids.ts';
import type { NodeIdentity, SliceFlavor } from '../../src/domain/flavor.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryAudit } from '../fakes/memory-audit.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { givenRatings, memoryTelemetry } from '../fakes/opinions.ts';
import { fakePeers } from '../fakes/peers.ts';

const clock = { now: () => Date.parse('2026-01-01T00:00:00Z') };
const identity = (name: string): NodeIdentity => ({
  id: nodeId(`${name}-node`),
  address: `${name}:3004`,
  domain: `${name}.example`,
  clusterId: clusterId(name),
});
const none = { cpu: '0', memory: '0', pods: '0' };
const offered = (owner: NodeIdentity): SliceFlavor => ({
  id: flavorId(`${owner.domain}-k8slice-0`),
  providerId: owner.id,
  offer: {
    kind: 'k8slice',
    architecture: 'amd64',
    resources: { cpu: '8', memory: '16Gi', pods: '100' },
    partitionability: { min: none, step: none },
  },
  price: { amount: '0.10', currency: 'EUR', period: 'hourly' },
  owner,
  available: true,
  createdAt: '2026-01-01T00:00:00Z',
});

test.each([
  ['nobody is rated', new Map(), ['a-node', 'b-node']],
  ['the second is known to be good', new Map([[nodeId('b-node'), 0.9]]), ['b-node', 'a-node']],
  ['the first is known to be bad', new Map([[nodeId('a-node'), 0.1]]), ['b-node', 'a-node']],
])('of two that cost the same the better rated is first: %s', async (_, ratings, order) => {
  const peers = fakePeers({ clock });
  const { knownNodes, candidates } = memoryRecords({ clock });
  await knownNodes.configure(['a:3004', 'b:3004']);
  for (const name of ['a', 'b']) await peers.add({ identity: identity(name), flavors: [offered(identity(name))] });
  const { discover } = discoveryActivities({
    peers: peers.peers,
    knownNodes,
    candidates,
    audit: memoryAudit({ clock }).audit,
    ratings: givenRatings(ratings),
    self: identity('here'),
    timing: DEFAULT_TIMING,
  });
  const found = await discover({ request: { resources: { cpu: '1', memory: '1Gi', pods: '1' } } });
  expect(found.candidates.map(({ seller }) => seller.id)).toEqual(order);
});

test('a look at a node and at a workload are observed', async () => {
  const world = liqoWorld();
  const telemetry = memoryTelemetry();
  const { observeNode, observeWorkload } = observingActivities({
    self: identity('here'),
    cluster: fakeCluster(world, clusterId('here')),
    fabric: fakeFabric(world, clusterId('here')),
    peers: fakePeers({ clock }).peers,
    processes: undefined as never,
    contracts: memoryInventory({ clock }).contracts,
    audit: memoryAudit({ clock }).audit,
    telemetry,
    clock,
    timing: DEFAULT_TIMING,
  });
  await observeNode({ acquisition: acquisitionId('a-1') });
  await observeWorkload({ intent: intentName('shop'), namespace: 'intent-shop', manifests: [] });
  expect(telemetry.seen).toEqual([
    { kind: 'node', acquisition: 'a-1', ready: false },
    { kind: 'workload', intent: 'shop', state: expect.any(String), pods: 0 },
  ]);
});
