import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import type { SliceFlavor } from '../../src/domain/flavor.ts';
import {
  type TransactionId,
  acquisitionId,
  clusterId,
  contractOf,
  flavorId,
  transactionId,
  taskQueues,
  workflowIds,
} from '../../src/domain/ids.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { givenRatings, memoryTelemetry } from '../fakes/opinions.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { type Faulty, faulty } from '../fakes/faulty.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import { type FakePeers, fakePeers } from '../fakes/peers.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import { type Stage, openStage } from './stage.ts';
import { QUICK, identity } from './trade.ts';

/** A seller with one flavor, and a buyer whose Liqo and notices are in memory. */
interface Shop {
  readonly world: LiqoWorld;
  readonly peers: FakePeers;
  readonly fabric: Faulty<Fabric>;
  readonly inventory: Faulty<Inventory>;
  /** A hold that PURCHASE may name. */
  reserve(): Promise<TransactionId>;
  /** The buyer's Liqo makes the slice of a contract; the seller's watch tells of it. */
  offerSlice(transaction: TransactionId): Promise<void>;
  /** The buyer's Liqo takes its slice away, and the buyer says that it is done. */
  buyerDone(transaction: TransactionId): Promise<void>;
  leaks(): Promise<readonly string[]>;
}

const WHOLE: Resources = { cpu: '8', memory: '16Gi', pods: '100' };
const PART: Resources = { cpu: '2', memory: '4Gi', pods: '10' };
const SOUTH = clusterId('south');
let stage: Stage;
let shop: Shop;
let count = 0;

async function openShop(): Promise<Shop> {
  const clock = { now: () => Date.now() };
  const world = liqoWorld();
  const peers = fakePeers({ clock });
  await peers.add({ identity: identity('south') });
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
    owner: identity('north'),
    available: true,
    createdAt: '2026-01-01T00:00:00Z',
  };
  await store.inventory.publish(flavor);
  const before = await store.inventory.sums();
  await stage.play({
    ...store,
    inventory: inventory.port,
    ratings: givenRatings(),
    telemetry: memoryTelemetry(),
    peers: peers.peers,
    fabric: fabric.port,
    cluster: fakeCluster(world, clusterId('north')),
    clock,
    self: identity('north'),
    timing: { ...QUICK, buyerAbsentMs: 30_000, buyerGoneMs: 30_000 },
    contractMs: 86_400_000,
  });
  const acquisitionOfTransaction = (transaction: TransactionId) => acquisitionId(`a-${transaction.slice(24, 32)}`);
  return {
    world,
    peers,
    fabric,
    inventory,
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
    async offerSlice(transaction) {
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
        ...(JSON.stringify(after) === JSON.stringify(before) ? [] : [`sums ${JSON.stringify(after)}`]),
        ...world.objects(),
      ];
    },
  };
}

beforeAll(async () => {
  stage = await openStage('north');
});
afterEach(async () => {
  shop.fabric.heal();
  shop.inventory.heal();
  await stage.database.clear();
});
afterAll(() => stage.close());

const purchase = (transaction: TransactionId): Promise<unknown> => stage.node.processes.purchase(transaction, 20_000);
const untilServed = (transaction: TransactionId): Promise<void> =>
  expect
    .poll(
      async () => (await stage.database.store.contracts.allocations()).find(({ contract }) => contract === contractOf(transaction))?.state,
      { timeout: 40_000, interval: 50 },
    )
    .toBe('active');
/** A hold that was never sold is let go as the REAR side does when it answers 503; otherwise it would expire by itself. */
async function nothingLeft(transaction: TransactionId): Promise<void> {
  await stage.allOverAndReplayed();
  await stage.database.store.inventory.abandon(transaction);
  expect(await shop.leaks()).toEqual([]);
}
async function serveAndEnd(transaction: TransactionId): Promise<void> {
  await shop.offerSlice(transaction);
  await untilServed(transaction);
  await shop.buyerDone(transaction);
  await nothingLeft(transaction);
}

interface Row {
  readonly step: string;
  readonly on: 'fabric' | 'inventory';
  readonly call: (keyof Fabric & string) | (keyof Inventory & string);
  readonly undo: (keyof Fabric & string) | (keyof Inventory & string);
  /** Whether PURCHASE itself waits for the step. */
  readonly beforeSigned: boolean;
}
const ROWS: readonly Row[] = [
  { step: 'sell', on: 'inventory', call: 'sell', undo: 'giveBack', beforeSigned: true },
  { step: 'meet-buyer (tenant)', on: 'fabric', call: 'ensureTenant', undo: 'removeTenant', beforeSigned: true },
  { step: 'admit', on: 'fabric', call: 'admitSlice', undo: 'stopSlice', beforeSigned: false },
  { step: 'meeting place', on: 'fabric', call: 'ensureTenant', undo: 'removeMeetingPlace', beforeSigned: true },
];
const plan = ({ on }: Row, call: Row['call'], kind: 'refuse' | 'passing' | 'lose-answer' | 'hang', times = 1): void => {
  const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
  const passing = new Fault('CLUSTER_UNREACHABLE', 'away for a moment');
  const mishap =
    kind === 'hang' || kind === 'lose-answer' ? { kind } : ({ kind: 'refuse', fault: kind === 'refuse' ? refused : passing } as const);
  if (on === 'fabric') shop.fabric.plan(call as keyof Fabric & string, mishap, times);
  else shop.inventory.plan(call as keyof Inventory & string, mishap, times);
};
const whenHanging = ({ on, call }: Row): Promise<void> =>
  on === 'fabric' ? shop.fabric.whenHanging(call as keyof Fabric & string) : shop.inventory.whenHanging(call as keyof Inventory & string);
const letGo = (): void => {
  shop.fabric.letGo();
  shop.inventory.letGo();
};

describe.each(ROWS)('$step', (row) => {
  test('refused: nothing is sold, or the contract ends with its reason; nothing is left', async () => {
    shop = await openShop();
    const transaction = await shop.reserve();
    plan(row, row.call, 'refuse');
    if (row.beforeSigned) await expect(purchase(transaction)).rejects.toMatchObject({ name: 'Fault' });
    else {
      await purchase(transaction);
      await shop.offerSlice(transaction);
      await expect
        .poll(async () => (await stage.database.store.contracts.ofTransaction(transaction))?.ending?.reason, {
          timeout: 20_000,
          interval: 50,
        })
        .toBe('failed');
      await expect.poll(() => shop.peers.notices(), { timeout: 20_000, interval: 50 }).toMatchObject([{ ending: { reason: 'failed' } }]);
      await shop.buyerDone(transaction);
    }
    await nothingLeft(transaction);
  });

  test('answer lost after it took effect: done once, and sold', async () => {
    shop = await openShop();
    const transaction = await shop.reserve();
    plan(row, row.call, 'lose-answer');
    await expect(purchase(transaction)).resolves.toBe(contractOf(transaction));
    await serveAndEnd(transaction);
  });

  test('ended by its seller in the middle', async () => {
    shop = await openShop();
    const transaction = await shop.reserve();
    plan(row, row.call, 'hang');
    const sale = purchase(transaction).catch((error: unknown) => error);
    if (!row.beforeSigned) {
      await sale;
      await shop.offerSlice(transaction);
    }
    await whenHanging(row);
    await stage.node.processes.endContract(transaction, { reason: 'operator' }, 'seller');
    letGo();
    await sale;
    await shop.buyerDone(transaction);
    await nothingLeft(transaction);
  });

  test('worker killed in the middle: the next one goes on', async () => {
    shop = await openShop();
    const transaction = await shop.reserve();
    plan(row, row.call, 'hang');
    const sale = purchase(transaction).catch((error: unknown) => error);
    if (!row.beforeSigned) {
      await sale;
      await shop.offerSlice(transaction);
    }
    await whenHanging(row);
    await stage.killWorkers();
    letGo();
    await stage.startWorkers();
    await sale;
    // PURCHASE may be repeated, and answers the same contract.
    await expect(purchase(transaction)).resolves.toBe(contractOf(transaction));
    await serveAndEnd(transaction);
  });

  test('compensation fails, then succeeds', async () => {
    shop = await openShop();
    const transaction = await shop.reserve();
    plan(row, row.undo, 'passing', 2);
    await purchase(transaction);
    await serveAndEnd(transaction);
  });

  test('compensation stuck: it shows, and is mended', async () => {
    shop = await openShop();
    const transaction = await shop.reserve();
    plan(row, row.undo, 'refuse', Number.POSITIVE_INFINITY);
    await purchase(transaction);
    await shop.offerSlice(transaction);
    await untilServed(transaction);
    await shop.buyerDone(transaction);
    const stuck = async (): Promise<readonly string[]> =>
      (await stage.node.processes.open()).filter((open) => open.stuck).map(({ workflowId }) => workflowId);
    await expect.poll(stuck, { timeout: 40_000, interval: 100 }).not.toEqual([]);
    shop.fabric.heal();
    shop.inventory.heal();
    for (const workflowId of await stuck()) await stage.node.processes.retryTeardown(workflowId).catch(() => undefined);
    await nothingLeft(transaction);
  });
});

test('a second contract shares the tenant, and the tenant outlives the first', async () => {
  shop = await openShop();
  const [first, second] = [await shop.reserve(), await shop.reserve()];
  await Promise.all([purchase(first), purchase(second)]);
  expect(shop.fabric.called('ensureTenant')).toBe(1);
  await shop.offerSlice(first);
  await shop.offerSlice(second);
  await untilServed(first);
  await untilServed(second);
  await shop.buyerDone(first);
  await expect.poll(async () => stage.node.processes.isOpen(workflowIds.contract(first)), { timeout: 20_000, interval: 50 }).toBe(false);
  expect(shop.world.cluster(clusterId('north')).tenants.has(SOUTH)).toBe(true);
  await shop.buyerDone(second);
  await nothingLeft(second);
});

test('a purchase during the last tenant’s teardown does not lose its tenant', async () => {
  shop = await openShop();
  const first = await shop.reserve();
  await purchase(first);
  await shop.offerSlice(first);
  await untilServed(first);
  shop.fabric.plan('removeTenant', { kind: 'hang' });
  await shop.buyerDone(first);
  await shop.fabric.whenHanging('removeTenant');
  const second = await shop.reserve();
  const sale = purchase(second);
  shop.fabric.letGo();
  await expect(sale).resolves.toBe(contractOf(second));
  expect(shop.world.cluster(clusterId('north')).tenants.has(SOUTH)).toBe(true);
  await serveAndEnd(second);
});

/** One run of the reconciliation, as the schedule starts it. */
const reconcile = (): Promise<unknown> =>
  stage.node.temporal.client.workflow.execute(workflowTypes.reconcile, { workflowId: 'reconcile', taskQueue: taskQueues.forward });

test('a contract whose workflow somebody terminated is given back by the reconciliation; a living one is left alone', async () => {
  shop = await openShop();
  const [closed, living] = [await shop.reserve(), await shop.reserve()];
  await Promise.all([purchase(closed), purchase(living)]);
  await shop.offerSlice(closed);
  await untilServed(closed);
  await stage.node.temporal.client.workflow.getHandle(workflowIds.contract(closed)).terminate('by hand');
  await expect(reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining(contractOf(closed))] });
  expect(await stage.database.store.contracts.get(contractOf(closed))).toMatchObject({ state: 'over', ending: { reason: 'operator' } });
  expect(await stage.database.store.contracts.get(contractOf(living))).toMatchObject({ state: 'active' });
  await expect(reconcile()).resolves.toMatchObject({ mended: [] });
  await shop.buyerDone(closed);
  await shop.buyerDone(living);
  await nothingLeft(living);
});

test('a tenant that was made by half is removed, though it was never ready', async () => {
  shop = await openShop();
  const transaction = await shop.reserve();
  shop.fabric.plan('ensureTenant', { kind: 'lose-answer', fault: new Fault('CLUSTER_REFUSED', 'the policy never came into force') });
  await expect(purchase(transaction)).rejects.toMatchObject({ name: 'Fault' });
  await nothingLeft(transaction);
});

test('an outage of our own cluster while a slice is let in ends no contract', async () => {
  shop = await openShop();
  const transaction = await shop.reserve();
  await purchase(transaction);
  shop.fabric.plan('admitSlice', { kind: 'refuse', fault: new Fault('CLUSTER_UNREACHABLE', 'away for long') }, Number.POSITIVE_INFINITY);
  await shop.offerSlice(transaction);
  const steps = async () => (await stage.node.processes.journal(workflowIds.contract(transaction))).map(({ step }) => step);
  await expect.poll(() => steps().catch(() => []), { timeout: 60_000, interval: 200 }).toContain('not-admitted');
  expect(await stage.database.store.contracts.ofTransaction(transaction)).toMatchObject({ state: 'active' });
  shop.fabric.heal();
  await untilServed(transaction);
  await shop.buyerDone(transaction);
  await nothingLeft(transaction);
});

test('a hold that is gone is not sold', async () => {
  shop = await openShop();
  const transaction = await shop.reserve();
  await stage.database.clear();
  await expect(purchase(transaction)).rejects.toMatchObject({ code: expect.stringMatching(/HOLD_EXPIRED|NOT_FOUND/) });
  await stage.allOverAndReplayed();
});
