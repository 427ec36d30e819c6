import {
  ActivityCancellationType,
  type ActivityOptions,
  CancellationScope,
  proxyActivities,
  proxyLocalActivities,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import { taskQueues } from '../src/domain/ids.ts';
import { isFinal } from './failures.ts';
import { SUMMARIES, oneLine } from './summaries.ts';

/** What Temporal's proxies, of activities and of local ones, have in common. */
type Proxy = Readonly<Record<keyof Activities, { executeWithOptions(options: { summary: string }, args: [unknown?]): Promise<unknown> }>>;
const WORDS = SUMMARIES as Readonly<Record<keyof Activities, (input: unknown) => string>>;
/** Every call says in the Temporal UI what it does to whom: no call site can forget it. */
const told = (proxy: Proxy): Activities =>
  Object.fromEntries(
    (Object.keys(WORDS) as (keyof Activities)[]).map((name) => [
      name,
      (...args: [unknown?]) => proxy[name].executeWithOptions({ summary: oneLine(WORDS[name](args[0])) }, args),
    ]),
  ) as unknown as Activities;
const calls = (options: ActivityOptions): Activities => told(proxyActivities<Activities>(options) as unknown as Proxy);

/**
 * The ways in which our workflows call activities. Whatever changes the world waits until a cancelled call has really stopped: otherwise a step could still be
 * running while its compensation runs (seen with the default).
 */
const retry = { initialInterval: '200ms', backoffCoefficient: 1.6, maximumInterval: '5s' } as const;
const WAIT = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** Effects of a second or two. Passing faults are retried for a while, then the step has failed. */
export const doing = calls({
  startToCloseTimeout: '10s',
  scheduleToCloseTimeout: '20s',
  heartbeatTimeout: '5s',
  cancellationType: WAIT,
  retry,
});

/** Effects in our own cluster: a passing outage of it is no reason to look for another seller. Whoever waits for a shared one gives up by itself. */
export const building = calls({
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '60s',
  heartbeatTimeout: '4s',
  cancellationType: WAIT,
  retry,
});

/** PURCHASE: a FLUIDOS seller needs more than ten seconds for it; ours answers within its own deadline. */
export const buying = calls({
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '16s',
  heartbeatTimeout: '5s',
  cancellationType: WAIT,
  retry,
});
export const buyingSlowly = calls({
  startToCloseTimeout: '75s',
  scheduleToCloseTimeout: '80s',
  heartbeatTimeout: '5s',
  cancellationType: WAIT,
  retry: { ...retry, maximumAttempts: 1 },
});

/** Effects that watch until something is so, for `ms` at most; the heartbeat finds a dead worker, and a new one watches again from the beginning once. */
export const watchingFor = (ms: number) =>
  calls({
    startToCloseTimeout: ms + 10_000,
    scheduleToCloseTimeout: 2 * ms + 20_000,
    heartbeatTimeout: '6s',
    cancellationType: WAIT,
    retry,
  });

/** Asks a seller until it has made what it sold, for `ms` at most: that it is not ready yet is a fault that passes. */
export const handedOverWithin = (ms: number) =>
  calls({
    startToCloseTimeout: Math.min(15_000, ms),
    scheduleToCloseTimeout: ms,
    heartbeatTimeout: '5s',
    cancellationType: WAIT,
    retry: { ...retry, maximumInterval: '2s' },
  });

/** Compensations: one round. The rounds are repeated by the workflow, where they can be seen. */
export const undoing = calls({
  taskQueue: taskQueues.undo,
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: '6s',
  cancellationType: WAIT,
  retry: { ...retry, maximumAttempts: 12 },
});

/** Short compensations that do not heartbeat. */
export const undoingShortly = calls({
  taskQueue: taskQueues.undo,
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '60s',
  heartbeatTimeout: '5s',
  cancellationType: WAIT,
  retry,
});

/** What has to be written or moved at home whatever happens: tried again for as long as it takes. */
export const untilDone = calls({
  taskQueue: taskQueues.undo,
  startToCloseTimeout: '15s',
  cancellationType: WAIT,
  retry: { ...retry, maximumInterval: '30s' },
});

/** Looks that change nothing; they go on through an outage, for as long as somebody waits for the answer. */
export const observing = calls({
  taskQueue: taskQueues.observe,
  startToCloseTimeout: '15s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});
/**
 * The daily renewal of what is held: up to 21 s of questions to the seller, then 5 s of our own. It stores and joins, so whoever lets go waits until it has really stopped. One that
 * does not come to an end is tried again by its workflow.
 */
export const tending = calls({
  taskQueue: taskQueues.observe,
  startToCloseTimeout: '35s',
  scheduleToCloseTimeout: '60s',
  heartbeatTimeout: '5s',
  cancellationType: WAIT,
  retry,
});
/** A look that reads what a seller answers: it may be hostile, so it never keeps anybody waiting. */
export const glancing = calls({
  taskQueue: taskQueues.observe,
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '40s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});
/** Discovery asks others and so may take a node's whole deadline; a passing outage of our own store or cluster does not end it. */
export const asking = calls({
  startToCloseTimeout: '30s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** Reads at the start of a run: no history events of their own. */
export const reading = told(proxyLocalActivities<Activities>({ startToCloseTimeout: '10s', retry }) as unknown as Proxy);

/** One quick try within the workflow task: see {@link atOnce}. */
const swiftly = told(
  proxyLocalActivities<Activities>({
    startToCloseTimeout: '2s',
    scheduleToCloseTimeout: '2s',
    cancellationType: WAIT,
    retry: { maximumAttempts: 1 },
  }) as unknown as Proxy,
);

/**
 * An effect of some milliseconds that the workflow's own start enters (docs/decisions/0014): within the workflow task when that works, otherwise as an ordinary activity,
 * visible and tried again.
 */
export async function atOnce<T>(call: (by: Activities) => Promise<T>): Promise<T> {
  try {
    // It takes two seconds at most, and a local activity that is cancelled in the middle may not replay (seen with 1.24).
    return await CancellationScope.nonCancellable(() => call(swiftly));
  } catch (error) {
    if (isFinal(error)) throw error;
    return await call(doing);
  }
}

/** One try: what a run could not compare, the next one of the schedule does. */
export const comparing = calls({
  taskQueue: taskQueues.undo,
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 1 },
});
