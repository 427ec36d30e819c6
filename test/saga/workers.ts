import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { allActivities } from '../../activities/index.ts';
import { faultInterceptor } from '../../activities/interceptor.ts';
import { taskQueues } from '../../src/domain/ids.ts';
import './quiet-runtime.ts';

export interface Workers {
  /** Finishes what runs, then stops. */
  stop(): Promise<void>;
  /** As SIGKILL would: what runs is never reported. */
  kill(): Promise<void>;
}

/** A node's three workers in this process; for tests, and for the benchmarks, which run without vitest. */
export async function startWorkers(input: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  readonly deps: ActivityDeps;
}): Promise<Workers> {
  const { connection, namespace, workflowBundle, deps } = input;
  let dead = false;
  const common = {
    connection,
    namespace,
    activities: mortal(allActivities(deps), () => dead),
    interceptors: { activity: [faultInterceptor] },
    shutdownGraceTime: 0,
    shutdownForceTime: 200,
    // With less than four fifths of a heartbeat timeout a cancellation is told at the next beat.
    maxHeartbeatThrottleInterval: 500,
  };
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue: taskQueues.forward, workflowBundle, maxCachedWorkflows: 200 }),
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
