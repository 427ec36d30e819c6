import type { Dialect } from '../../src/domain/candidate.ts';
import { type SliceFlavor, isBlueprint } from '../../src/domain/flavor.ts';
import { type TransactionId, acquisitionId, clusterId, contractOf, flavorId, transactionId } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Hosting } from '../../src/ports/hosting.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { memoryHosting } from '../fakes/hosting.ts';
import { type Faulty, faulty } from '../fakes/faulty.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import { givenRatings, memoryTelemetry } from '../fakes/opinions.ts';
import { type FakePeers, fakePeers } from '../fakes/peers.ts';
import type { Stage } from './stage.ts';
import { blueprintOf, making, makingOf } from '../fakes/samples.ts';
import { QUICK, identity } from './trade.ts';

/** A seller with one flavor, and a buyer whose Liqo and notices are in memory. */
export interface Shop {
  readonly world: LiqoWorld;
  readonly peers: FakePeers;
  readonly fabric: Faulty<Fabric>;
  readonly inventory: Faulty<Inventory>;
  readonly hosting: Faulty<Hosting>;
  /** A hold that PURCHASE may name. */
  reserve(): Promise<TransactionId>;
  /** A hold of an instance of a blueprint. */
  reserveInstance(): Promise<TransactionId>;
  /** The buyer's Liqo makes the slice of a contract; the seller's watch tells of it. */
  offerSlice(transaction: TransactionId, options?: { readonly unsigned?: boolean }): Promise<void>;
  /** The buyer signs what it bought; `offerSlice` does so by itself unless told otherwise. */
  countersign(transaction: TransactionId): Promise<void>;
  /** The buyer's Liqo takes its slice away, and the buyer says that it is done. */
  buyerDone(transaction: TransactionId): Promise<void>;
  leaks(): Promise<readonly string[]>;
}

const WHOLE: Resources = { cpu: '8', memory: '16Gi', pods: '100' };
const PART: Resources = { cpu: '2', memory: '4Gi', pods: '10' };
export const SOUTH = clusterId('south');
/** What the buyer of an instance configures, and nobody may read. */
export const SECRET = 'hunter-two-and-more';
let count = 0;

export async function openShop(
  stage: Stage,
  timing: Partial<Timing> = {},
  {
    terms,
    contractMs = 86_400_000,
    buyerSpeaks,
  }: { readonly terms?: OfferTerms; readonly contractMs?: number; readonly buyerSpeaks?: Dialect } = {},
): Promise<Shop> {
  const clock = { now: () => Date.now() };
  const world = liqoWorld();
  const peers = fakePeers({ clock });
  await peers.add({ identity: identity('south'), ...(buyerSpeaks && { dialect: buyerSpeaks }) });
  const { store } = stage.database;
  const fabric = faulty(fakeFabric(world, clusterId('north')));
  const buyersFabric = fakeFabric(world, SOUTH);
  const inventory = faulty(store.inventory);
  const flavor: SliceFlavor = {
    id: flavorId(`north.example-k8slice-${(++count).toString(16).padStart(4, '0')}`),
    providerId: identity('north').id,
    offer: {
      kind: 'k8slice',
      architecture: 'amd64',
      resources: WHOLE,
      partitionability: { min: { cpu: '0', memory: '0', pods: '0' }, step: { cpu: '0', memory: '0', pods: '0' } },
    },
    price: { amount: '0.10', currency: 'EUR', period: 'hourly' },
    ...(terms && { terms }),
    owner: identity('north'),
    available: true,
    createdAt: '2026-01-01T00:00:00Z',
  };
  await store.inventory.publish(flavor);
  const database = blueprintOf(identity('north'), 'service', {
    id: flavorId(`north.example-service-${count.toString(16).padStart(4, '0')}`),
    ...(terms && { terms }),
  });
  await store.inventory.publish(database, undefined, 2);
  const instances = memoryHosting();
  const hosting = faulty(instances.hosting);
  const before = await store.inventory.sums();
  await stage.play({
    ...store,
    inventory: inventory.port,
    ratings: givenRatings(),
    telemetry: memoryTelemetry(),
    peers: peers.peers,
    notary: peers.keys.notaryAt(identity('north').address),
    fabric: fabric.port,
    cluster: fakeCluster(world, clusterId('north')),
    hosting: hosting.port,
    blueprints: making(makingOf(database)),
    clock,
    self: identity('north'),
    timing: { ...QUICK, buyerAbsentMs: 30_000, buyerGoneMs: 30_000, ...timing },
    contractMs,
  });
  const acquisitionOfTransaction = (transaction: TransactionId) => acquisitionId(`a-${transaction.slice(24, 32)}`);
  const countersign = async (transaction: TransactionId): Promise<void> => {
    const sold = await store.contracts.ofTransaction(transaction);
    if (!sold?.agreement) return;
    const { payload, signatures } = await peers.keys
      .notaryAt(identity('south').address)
      .countersign({ terms: sold.terms, agreement: sold.agreement });
    const [, signature] = signatures;
    if (signature) await store.contracts.countersign({ contract: sold.terms.id, payload, signature });
  };
  return {
    countersign,
    world,
    peers,
    fabric,
    inventory,
    hosting,
    async reserveInstance() {
      const [flavor] = (await store.inventory.list()).filter(isBlueprint);
      if (!flavor) throw new Error('no instance is for sale');
      const hold = await store.inventory.reserve({
        flavor: flavor.id,
        buyer: identity('south'),
        service: { hostingPolicy: 'Provider', configuration: { database: 'orders', password: SECRET } },
        idempotencyKey: `key-${++count}`,
        transaction: transactionId(`${count.toString(16).padStart(32, 'e')}-1`),
        ttlMs: 60_000,
      });
      return hold.id;
    },
    async reserve() {
      const id = transactionId(`${(++count).toString(16).padStart(32, 'f')}-1`);
      const hold = await store.inventory.reserve({
        flavor: flavor.id,
        buyer: identity('south'),
        part: PART,
        idempotencyKey: `key-${count}`,
        transaction: id,
        ttlMs: 60_000,
      });
      return hold.id;
    },
    async offerSlice(transaction, { unsigned = false } = {}) {
      if (!unsigned) await countersign(transaction);
      const contract = contractOf(transaction);
      await buyersFabric.requestSlice({
        seller: clusterId('north'),
        acquisition: acquisitionOfTransaction(transaction),
        contract,
        resources: PART,
        sliceClass: 'rearguard',
      });
      await stage.node.processes.noticeOfSlice(transaction, 'offered');
    },
    async buyerDone(transaction) {
      await buyersFabric.withdrawSlice({ seller: clusterId('north'), acquisition: acquisitionOfTransaction(transaction) });
      await stage.node.processes.endContract(transaction, { reason: 'ended-by-user' });
    },
    async leaks() {
      const after = await store.inventory.sums();
      const living = (await store.contracts.list({ living: true })).map(({ terms }) => `contract ${terms.id}`);
      const allocations = (await store.contracts.allocations())
        .filter(({ state }) => state !== 'released')
        .map(({ contract }) => `allocation of ${contract}`);
      return [
        ...living,
        ...allocations,
        ...(await stage.database.sql<{ buyer: string }[]>`select buyer from tenant`).map(
          ({ buyer }) => `a tenant of ${buyer} that is said to stand`,
        ),
        ...(JSON.stringify(after) === JSON.stringify(before) ? [] : [`sums ${JSON.stringify(after)}`]),
        ...instances.objects(),
        ...world.objects(),
      ];
    },
  };
}
