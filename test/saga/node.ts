import { randomBytes } from 'node:crypto';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import type { ActivityDeps } from '../../activities/deps.ts';
import { allActivities } from '../../activities/index.ts';
import { faultInterceptor } from '../../activities/interceptor.ts';
import { type TemporalClient, temporalClient } from '../../src/adapters/temporal/connection.ts';
import { prepareNamespace } from '../../src/adapters/temporal/namespace.ts';
import { temporalProcesses } from '../../src/adapters/temporal/processes.ts';
import { taskQueues } from '../../src/domain/ids.ts';
import type { Processes } from '../../src/ports/processes.ts';

/** A node's Temporal side in a test: a namespace of its own, and workers that can be killed. */
export interface TestNode {
  readonly namespace: string;
  readonly temporal: TemporalClient;
  readonly processes: Processes;
  /** Starts workers with these parts. */
  work(deps: Omit<ActivityDeps, 'processes'>): Promise<Workers>;
  close(): Promise<void>;
}
export interface Workers {
  /** Finishes what runs, then stops. */
  stop(): Promise<void>;
  /** As SIGKILL would: what runs is never reported. */
  kill(): Promise<void>;
}

const log = { debug: () => {}, info: () => {}, warn: () => {} };
Runtime.install({
  shutdownSignals: [],
  logger: { log: () => {}, trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
});

export async function openTestNode(node: string): Promise<TestNode> {
  const address = inject('temporalAddress');
  const namespace = `test-${node}-${randomBytes(4).toString('hex')}`;
  const temporal = temporalClient({ address, namespace });
  await prepareNamespace({ temporal, namespace, retentionDays: 1, log });
  const processes = temporalProcesses({ temporal, node, log });
  const connection = await NativeConnection.connect({ address });
  return {
    namespace,
    temporal,
    processes,
    async work(deps) {
      let dead = false;
      const activities = mortal(allActivities({ ...deps, processes }), () => dead);
      const common = {
        connection,
        namespace,
        activities,
        interceptors: { activity: [faultInterceptor] },
        shutdownGraceTime: 0,
        shutdownForceTime: 1_000,
      };
      const workers = await Promise.all([
        Worker.create({
          ...common,
          taskQueue: taskQueues.forward,
          workflowBundle: { codePath: inject('workflowBundle') },
          maxCachedWorkflows: 200,
        }),
        Worker.create({ ...common, taskQueue: taskQueues.undo }),
        Worker.create({ ...common, taskQueue: taskQueues.observe }),
      ]);
      const running = workers.map((worker) => worker.run());
      const stop = async (): Promise<void> => {
        for (const worker of workers) worker.shutdown();
        await Promise.allSettled(running);
      };
      return {
        stop,
        async kill() {
          dead = true;
          await stop();
        },
      };
    },
    async close() {
      await connection.close();
      await temporal.close();
    },
  };
}

/** Activities that never answer once their worker is dead. */
function mortal<A extends Record<string, (...args: never[]) => Promise<unknown>>>(activities: A, isDead: () => boolean): A {
  const never = new Promise<never>(() => {});
  return Object.fromEntries(
    Object.entries(activities).map(([name, run]) => [
      name,
      async (...args: never[]) => {
        try {
          const answer = await run(...args);
          return isDead() ? await never : answer;
        } catch (error) {
          if (isDead()) return await never;
          throw error;
        }
      },
    ]),
  ) as A;
}
