import { randomBytes } from 'node:crypto';
import type { ActivityDeps } from '../../activities/deps.ts';
import type { Contract, Handover } from '../../src/domain/contract.ts';
import type { HostingPolicy, NodeIdentity, SliceFlavor } from '../../src/domain/flavor.ts';
import { clusterId, flavorId, nodeId } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import type { Resources } from '../../src/domain/resources.ts';
import { DEFAULT_TIMING, type Timing } from '../../src/domain/timing.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Hosting } from '../../src/ports/hosting.ts';
import { blueprintOf, making } from '../fakes/samples.ts';
import { type FakePeers, fakePeers } from '../fakes/peers.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { type MemoryHosting, memoryHosting } from '../fakes/hosting.ts';
import { givenRatings, memoryTelemetry } from '../fakes/opinions.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { type Faulty, faulty } from '../fakes/faulty.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import type { TestDatabase } from '../store/database.ts';

/** Short enough for a test, long enough for a loaded machine. */
export const QUICK: Timing = {
  ...DEFAULT_TIMING,
  nodeAnswerMs: 1_000,
  discoveryPauseMs: 100,
  discoveryPauseMaxMs: 500,
  virtualNodeMs: 2_000,
  offloadMs: 2_000,
  workloadMs: 2_000,
  hostingMs: 2_000,
  nodeLostMs: 1_000,
  peeringReadyMs: 10_000,
  undoRoundMs: 2_000,
  stuckPauseMs: 300,
  stuckPauseMaxMs: 1_000,
  sellerGraceMs: 2_000,
};

export const SELLERS = ['north', 'west'] as const;
export type SellerName = (typeof SELLERS)[number];
const WHOLE: Resources = { cpu: '8', memory: '16Gi', pods: '100' };

export const identity = (name: string): NodeIdentity => ({
  id: nodeId(`${name}-node`),
  address: `${name}:3004`,
  domain: `${name}.example`,
  clusterId: clusterId(name),
});
/** A slice on offer, all of it or any part. */
export const flavorOf = (owner: NodeIdentity, amount: string): SliceFlavor => ({
  id: flavorId(`${owner.domain}-k8slice-${randomBytes(3).toString('hex')}`),
  providerId: owner.id,
  offer: {
    kind: 'k8slice',
    architecture: 'amd64',
    resources: WHOLE,
    partitionability: { min: { cpu: '0', memory: '0', pods: '0' }, step: { cpu: '0', memory: '0', pods: '0' } },
  },
  price: { amount, currency: 'EUR', period: 'hourly' },
  location: { country: 'Italy' },
  owner,
  available: true,
  createdAt: '2026-01-01T00:00:00Z',
});

/** A buyer with everything around it in memory, but its own tables: north sells cheaper than west. */
export interface Trade {
  readonly world: LiqoWorld;
  readonly peers: FakePeers;
  readonly fabric: Faulty<Fabric>;
  readonly cluster: Faulty<Cluster>;
  readonly hosting: Faulty<Hosting>;
  /** What runs at the buyer of an acquisition. */
  readonly hosted: MemoryHosting['hosted'];
  readonly deps: Omit<ActivityDeps, 'processes'>;
  /** Everything that still stands anywhere; empty when nothing leaked. */
  leaks(): Promise<readonly string[]>;
}

export async function openTrade(
  database: TestDatabase,
  options: {
    readonly home?: Resources;
    readonly timing?: Partial<Timing>;
    readonly sellers?: readonly SellerName[];
    /** Who has a second flavor like its first. */
    readonly twice?: readonly SellerName[];
    /** Who sells a database too, north's for less. */
    readonly databases?: readonly SellerName[];
    /** Who may host one, and what is handed over of it; the seller, and what is made up, when not given. */
    readonly hostingPolicies?: readonly HostingPolicy[];
    readonly handover?: (contract: Contract) => Handover;
    /** What the sellers promise, how long their contracts last, and how far their clocks are ahead of ours. */
    readonly terms?: OfferTerms;
    readonly contractLifetimeMs?: number;
    readonly sellersAheadMs?: number;
  } = {},
): Promise<Trade> {
  const clock = { now: () => Date.now() };
  const world = liqoWorld();
  const { terms, contractLifetimeMs, sellersAheadMs = 0 } = options;
  const peers = fakePeers({ clock: { now: () => Date.now() + sellersAheadMs } });
  const { store } = database;
  const sellers = options.sellers ?? SELLERS;
  await store.knownNodes.configure(sellers.map((name) => identity(name).address));
  for (const name of sellers) {
    const amount = name === 'north' ? '0.10' : '0.20';
    const { offer } = blueprintOf(identity(name));
    const database = blueprintOf(identity(name), 'service', {
      price: { amount, currency: 'EUR', period: 'hourly' },
      offer: { ...offer, hostingPolicies: options.hostingPolicies ?? offer.hostingPolicies },
      ...(terms && { terms }),
    });
    const sold = options.databases?.includes(name) ? [database] : [];
    const slices = Array.from({ length: options.twice?.includes(name) ? 2 : 1 }, () => flavorOf(identity(name), amount));
    await peers.add({
      identity: identity(name),
      flavors: [...slices.map((slice) => ({ ...slice, ...(terms && { terms }) })), ...sold],
      ...(contractLifetimeMs !== undefined && { contractLifetimeMs }),
      ...(options.handover && { handover: options.handover }),
    });
  }
  const fabric = faulty(fakeFabric(world, clusterId('south')));
  const cluster = faulty(fakeCluster(world, clusterId('south'), options.home));
  const atHome = memoryHosting();
  const hosting = faulty(atHome.hosting);
  return {
    world,
    hosted: atHome.hosted,
    hosting,
    peers,
    fabric,
    cluster,
    deps: {
      ...store,
      ratings: givenRatings(),
      telemetry: memoryTelemetry(),
      peers: peers.peers,
      notary: peers.keys.notaryAt(identity('south').address),
      fabric: fabric.port,
      cluster: cluster.port,
      hosting: hosting.port,
      blueprints: making(),
      clock,
      self: identity('south'),
      timing: { ...QUICK, ...options.timing },
      contractMs: 365 * 86_400_000,
    },
    async leaks() {
      const { holds, contracts } = peers.alive();
      const own = (await store.contracts.list({ living: true })).map(({ terms }) => `own row of ${terms.id}`);
      const allocations = (await store.contracts.allocations())
        .filter(({ state }) => state !== 'released')
        .map(({ contract }) => `allocation of ${contract}`);
      return [
        ...holds.map(({ transaction }) => `hold ${transaction}`),
        ...contracts.map(({ terms }) => `contract ${terms.id}`),
        ...own,
        ...allocations,
        ...world.objects(),
        ...atHome.objects(),
      ];
    },
  };
}

/** An intent that asks for two pods. */
export const document = (name: string, more: Readonly<Record<string, unknown>> = {}): unknown => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: {
    workload: {
      manifests: [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: {
            replicas: 2,
            selector: { matchLabels: { app: 'web' } },
            template: {
              metadata: { labels: { app: 'web' } },
              spec: {
                containers: [{ name: 'web', image: 'registry.example/web:1', resources: { requests: { cpu: '500m', memory: '256Mi' } } }],
              },
            },
          },
        },
      ],
    },
    limits: { price: { amount: '0.50', currency: 'EUR', period: 'hourly' } },
    patience: '20s',
    ...more,
  },
});
