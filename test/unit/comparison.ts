import { MockActivityEnvironment } from '@temporalio/testing';
import { beforeEach } from 'vitest';
import { type Reconciliation, reconcileActivities } from '../../activities/reconcile.ts';
import { clusterId, contractOf, type TransactionId } from '../../src/domain/ids.ts';
import type { PeeringUser } from '../../src/domain/peering.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { OpenProcess, Processes } from '../../src/ports/processes.ts';
import { buyerOf, flavorOf, newTransaction, ONE, SELLER } from '../contracts/samples.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { type MemoryHosting, memoryHosting } from '../fakes/hosting.ts';
import { type Faulty, faulty } from '../fakes/faulty.ts';
import { lately } from '../fakes/lately.ts';
import { type LiqoWorld, liqoWorld } from '../fakes/liqo-world.ts';
import { type MemoryAudit, memoryAudit } from '../fakes/memory-audit.ts';
import { memoryInventory, type MemoryInventory } from '../fakes/memory-inventory.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { type FakePeers, fakePeers } from '../fakes/peers.ts';

export const NORTH = clusterId('north-1');

/** A workflow that runs, as Temporal lists it. */
export const running = (workflowId: string, more: Partial<OpenProcess> = {}): OpenProcess => ({
  workflowId,
  type: 'x',
  startedAt: '2026-01-01T00:00:00Z',
  stuck: false,
  ...more,
});

/** A node on fakes whose tables, workflows and cluster may be compared; all of it anew before each test of the file that calls it. */
export function playComparison() {
  let made: ReturnType<typeof begin> | undefined;
  const at = {
    /** What runs, as Temporal lists it; what is not here is closed. */
    open: [] as readonly OpenProcess[],
    users: [] as readonly PeeringUser[],
    /** Acquisitions and runs whose intent is gone. */
    unwanted: new Set<string>(),
    /** Milliseconds by which the clock went on. */
    moved: 0,
    get asked(): readonly string[] {
      return made?.asked ?? [];
    },
  };
  const clock = { now: () => Date.now() + at.moved };
  const begin = () => {
    const world = liqoWorld();
    const standIn = memoryProcesses({ clock });
    return {
      world,
      fabric: faulty(fakeFabric(world, NORTH)),
      memory: memoryInventory({ clock }),
      records: memoryRecords({ clock }),
      hosting: memoryHosting(),
      audit: memoryAudit({ clock }),
      peers: fakePeers({ clock }),
      asked: standIn.asked,
      processes: faulty<Processes>({
        ...standIn.processes,
        open: async () => at.open,
        isOpen: async (workflowId) => at.open.some((process) => process.workflowId === workflowId),
        runsIntent: async (_, runId) => !at.unwanted.has(runId),
        isWanted: async (acquisition) => !at.unwanted.has(acquisition),
        peeringUsers: async () => at.users,
      }),
    };
  };
  beforeEach(async () => {
    Object.assign(at, { open: [], users: [], unwanted: new Set(), moved: 0 });
    made = begin();
    await made.memory.inventory.publish(flavorOf('000a'));
  });
  const world = lately<LiqoWorld>(() => made?.world);
  const fabric = lately<Faulty<Fabric>>(() => made?.fabric);
  const memory = lately<MemoryInventory>(() => made?.memory);
  const records = lately<ReturnType<typeof memoryRecords>>(() => made?.records);
  const audit = lately<MemoryAudit>(() => made?.audit);
  const peers = lately<FakePeers>(() => made?.peers);
  const hosting = lately<MemoryHosting>(() => made?.hosting);
  const processes = lately<Faulty<Processes>>(() => made?.processes);
  return {
    at,
    clock,
    world,
    fabric,
    memory,
    records,
    audit,
    peers,
    hosting,
    processes,
    async sold(): Promise<TransactionId> {
      const { inventory } = memory;
      const transaction = newTransaction();
      const buyer = buyerOf('alice');
      await inventory.reserve({ flavor: flavorOf('000a').id, buyer, part: ONE, transaction, ttlMs: 60_000, idempotencyKey: transaction });
      await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: 86_400_000 });
      return transaction;
    },
    async reconcile({ undoRoundMs = 300, others = peers.peers } = {}): Promise<Reconciliation> {
      const cluster = fakeCluster(world, NORTH);
      const timing = { ...DEFAULT_TIMING, undoRoundMs, nodeAnswerMs: 300 };
      const { contracts, inventory } = memory;
      const { chain, audit: audits } = audit;
      const knownSigners = memoryKnownSigners({ clock });
      const deps = { contracts, inventory, chain, processes: processes.port, peers: others, knownNodes: records.knownNodes, knownSigners };
      const activities = reconcileActivities({
        ...deps,
        fabric: fabric.port,
        audit: audits,
        cluster,
        hosting: hosting.hosting,
        self: SELLER,
        timing,
        clock,
      });
      return await new MockActivityEnvironment().run(activities.reconcile);
    },
  };
}
