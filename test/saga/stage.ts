import { expect, inject } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { type IntentName, taskQueues, workflowIds } from '../../src/domain/ids.ts';
import type { IntentStatus } from '../../src/domain/status.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import { cloneDatabase, type TestDatabase } from '../store/database.ts';
import { openTestNode, type TestNode } from './node.ts';
import { openReplay } from './replaying.ts';
import { untold } from './summaries.ts';
import type { Workers } from './workers.ts';

/** One node on which a file plays its cases one after the other: the workers stay, what stands behind their ports changes with each case. */
export interface Stage {
  readonly node: TestNode;
  readonly database: TestDatabase;
  /** Puts a case's parts behind the workers. */
  play(deps: Omit<ActivityDeps, 'processes'>): Promise<void>;
  killWorkers(): Promise<void>;
  startWorkers(): Promise<void>;
  statusOf(name: IntentName): Promise<IntentStatus | undefined>;
  /** Until the intent is in use. */
  untilInUse(name: IntentName): Promise<IntentStatus>;
  resultOf(name: IntentName): Promise<unknown>;
  /** By hand, as an operator does, and until Temporal lists it no more: what a comparison still finds listed the next one mends. */
  terminate(workflowId: string): Promise<void>;
  /** One run of the reconciliation, as the schedule starts it. */
  reconcile(): Promise<unknown>;
  /** No workflow is open, every history that was made since the last call replays, and each of its calls and timers says what it is for. */
  allOverAndReplayed(): Promise<void>;
  close(): Promise<void>;
}

const WITHIN = { timeout: 40_000, interval: 50 } as const;

/** On the Temporal of the whole run, unless another one is named. */
export async function openStage(name: string, temporalAddress = inject('temporalAddress')): Promise<Stage> {
  const [node, database] = await Promise.all([openTestNode(name, temporalAddress), cloneDatabase(inject('databases'))]);
  let current: Omit<ActivityDeps, 'processes'> | undefined;
  const need = (): Omit<ActivityDeps, 'processes'> => {
    if (!current) throw new Error('no case is played');
    return current;
  };
  let workers: Workers | undefined;
  const replay = openReplay(inject('workflowBundle'), untold);
  const openIds = async () => (await node.processes.open()).map(({ workflowId }) => workflowId);
  const stage: Stage = {
    node,
    database,
    async play(deps) {
      current = deps;
      if (!workers) await stage.startWorkers();
    },
    async killWorkers() {
      await workers?.kill();
      workers = undefined;
    },
    async startWorkers() {
      workers = await node.work(behind(need));
    },
    statusOf: async (intent) => (await node.processes.readIntent(intent))?.status,
    async untilInUse(intent) {
      // A query may be late on a busy machine; only its answer counts.
      let status: IntentStatus | undefined;
      const look = async (): Promise<IntentStatus | undefined> => {
        status = await stage.statusOf(intent).catch(() => undefined);
        return status;
      };
      await expect.poll(look, WITHIN).toMatchObject({ state: 'in-use', place: expect.anything() });
      if (!status) throw new Error('it was in use a moment ago');
      return status;
    },
    resultOf: (intent) => node.temporal.client.workflow.getHandle(workflowIds.intent(intent)).result(),
    async terminate(workflowId) {
      await node.temporal.client.workflow.getHandle(workflowId).terminate('by hand');
      await expect.poll(openIds, WITHIN).not.toContain(workflowId);
    },
    reconcile: () =>
      node.temporal.client.workflow.execute(workflowTypes.reconcile, { workflowId: 'reconcile', taskQueue: taskQueues.forward }),
    async allOverAndReplayed() {
      await expect.poll(openIds, WITHIN).toEqual([]);
      expect((await replay(node.temporal.client)).failed).toEqual([]);
    },
    async close() {
      await workers?.stop();
      await node.close();
      await database.drop();
    },
  };
  return stage;
}

/** Parts that are looked up anew at each call, so that workers outlive a case. */
function behind(need: () => Omit<ActivityDeps, 'processes'>): Omit<ActivityDeps, 'processes'> {
  const part = <K extends keyof Omit<ActivityDeps, 'processes'>>(name: K): Omit<ActivityDeps, 'processes'>[K] =>
    new Proxy({} as object, { get: (_target, member) => Reflect.get(need()[name] as object, member) }) as Omit<
      ActivityDeps,
      'processes'
    >[K];
  return {
    inventory: part('inventory'),
    contracts: part('contracts'),
    tenants: part('tenants'),
    candidates: part('candidates'),
    intents: part('intents'),
    knownNodes: part('knownNodes'),
    knownSigners: part('knownSigners'),
    audit: part('audit'),
    chain: part('chain'),
    ratings: part('ratings'),
    telemetry: part('telemetry'),
    peers: part('peers'),
    notary: part('notary'),
    fabric: part('fabric'),
    cluster: part('cluster'),
    hosting: part('hosting'),
    clock: part('clock'),
    self: { ...need().self },
    timing: { ...need().timing },
    blueprints: need().blueprints,
    contractMs: need().contractMs,
  };
}
