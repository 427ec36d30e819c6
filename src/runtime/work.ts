import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { allActivities } from '../../activities/index.ts';
import { faultInterceptor } from '../../activities/interceptor.ts';
import { bundleFor, dataConverter } from '../adapters/temporal/codec.ts';
import { scheduleReconciliation } from '../adapters/temporal/schedule.ts';
import { taskQueues } from '../domain/ids.ts';
import type { Ratings } from '../ports/ratings.ts';
import { blueprintsOf } from './blueprints.ts';
import { idsInterceptor } from './log-ids.ts';
import { temporalLog } from './log.ts';
import { type Parts, buyerLimits } from './parts.ts';
import { keepSealing } from './sealing.ts';
import { keepSelling } from './keep-selling.ts';
import { followWorld } from './world.ts';

/** How long a set of workers is given up on before new ones are made. */
const AGAIN_MS = 2_000;
/** As often as our activities beat. */
const BEAT_MS = 1_000;

/** Nobody rates anybody yet: every node is neutral. */
const unrated: Ratings = { of: async () => new Map() };

let installed = false;
/** Once per process: our log, and signals left to us. */
function install(parts: Parts): void {
  if (installed) return;
  installed = true;
  Runtime.install({ shutdownSignals: [], logger: temporalLog(parts.log) });
}

/**
 * `rearguard work`: three workers, since a rush of forward work must never starve the undo, and the shared watch of our cluster. Starts as soon as what it
 * needs is there, and makes new workers when Temporal threw them out. Resolves when `parts.signal` aborts and everything under way has ended.
 */
export async function work(parts: Parts, bundle: string): Promise<void> {
  const { configuration, log, readiness, signal } = parts;
  install(parts);
  const codePath = bundleFor(bundle, configuration.temporal.payloadKeys);
  readFileSync(codePath);
  try {
    const [store, self] = await Promise.all([parts.store, parts.self, parts.namespace, parts.keys]);
    const { inventory, keptBlueprints, contracts, tenants, candidates, intents, knownNodes, knownSigners, audit, chain } = store;
    const { peers, notary, processes, clock } = parts;
    const { fabric, cluster, hosting } = parts.cluster;
    const { limitsOf, limitSales } = buyerLimits(configuration);
    const deps: ActivityDeps = {
      inventory,
      contracts,
      tenants,
      candidates,
      intents,
      knownNodes,
      knownSigners,
      audit,
      chain,
      ratings: unrated,
      telemetry: { observed: (observation) => log.debug({ observation }, 'observed') },
      peers,
      notary,
      fabric,
      cluster,
      hosting,
      blueprints: blueprintsOf(configuration, keptBlueprints),
      processes,
      clock,
      self,
      timing: configuration.timing,
      contractMs: configuration.rear.contractDays * 86_400_000,
      ...(limitSales && { limitsOf }),
    };
    const watching = followWorld({ world: parts.cluster.world, processes, contracts, fabric, audit, clock, log, signal });
    const sealing = keepSealing({ chain, everyMs: configuration.audit.sealSeconds * 1_000, log, signal });
    const selling = keepSelling(parts, { inventory, keptBlueprints, audit, self });
    // Told there; a stop waits for it.
    selling.catch(() => {});
    const everyMs = configuration.timing.reconcileMs;
    await readiness.keepTrying('reconciliation', () => scheduleReconciliation({ temporal: parts.temporal, everyMs, log }), signal);
    let running = false;
    readiness.watch('workers run', async () => {
      if (!running) throw new Error('no worker runs');
    });
    while (!signal.aborted) {
      const connection = await readiness.keepTrying('workers', () => connect(parts), signal);
      try {
        const workers = await readiness.keepTrying('workers', () => create(parts, deps, connection, codePath), signal);
        running = true;
        await runAll(workers, signal);
      } catch (error) {
        if (!signal.aborted)
          log.error({ why: error instanceof Error ? error.message : String(error) }, 'the workers stopped; making new ones');
      } finally {
        running = false;
        await connection.close();
      }
      if (!signal.aborted) await pause(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
    await Promise.all([watching, sealing, selling]);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function connect({ configuration: { temporal } }: Parts): Promise<NativeConnection> {
  const { address, tls, apiKey } = temporal;
  return NativeConnection.connect({ address, ...(tls && { tls: true }), ...(apiKey !== undefined && { apiKey, tls: true }) });
}

async function create(parts: Parts, deps: ActivityDeps, connection: NativeConnection, codePath: string): Promise<readonly Worker[]> {
  const { temporal, shutdownSeconds } = parts.configuration;
  const common: Omit<WorkerOptions, 'taskQueue'> = {
    connection,
    namespace: temporal.namespace,
    dataConverter: dataConverter(temporal.payloadKeys),
    activities: allActivities(deps),
    interceptors: { activity: [idsInterceptor, faultInterceptor] },
    // A cancellation is told in the answer to a beat: by default only after most of the heartbeat's timeout, which kept the next seller waiting for seconds.
    maxHeartbeatThrottleInterval: BEAT_MS,
    shutdownGraceTime: shutdownSeconds * 1_000,
    shutdownForceTime: shutdownSeconds * 1_000 + 5_000,
  };
  const workers: Worker[] = [];
  try {
    const forward = { workflowBundle: { codePath }, maxCachedWorkflows: temporal.maxCachedWorkflows };
    workers.push(await Worker.create({ ...common, ...forward, taskQueue: taskQueues.forward }));
    workers.push(await Worker.create({ ...common, taskQueue: taskQueues.undo }));
    workers.push(await Worker.create({ ...common, taskQueue: taskQueues.observe }));
  } catch (error) {
    // A worker that never ran holds its connection until it is run and stopped.
    await Promise.allSettled(workers.map((worker) => worker.runUntil(Promise.resolve())));
    throw error;
  }
  return workers;
}

/** Until the signal aborts, or one of them fails: then the others are stopped too. */
async function runAll(workers: readonly Worker[], signal: AbortSignal): Promise<void> {
  const stop = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  signal.addEventListener('abort', stop, { once: true });
  const runs = workers.map((worker) => worker.run());
  if (signal.aborted) stop();
  try {
    await Promise.race(runs);
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
    await Promise.allSettled(runs);
  }
}
