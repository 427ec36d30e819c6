import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { workflowTypes } from '../../../workflows/messages.ts';
import { taskQueues } from '../../domain/ids.ts';
import type { Log, TemporalClient } from './connection.ts';
import { translated } from './errors.ts';

const SCHEDULE = 'reconcile';

/** Makes the node's reconciliation run for ever, one run at a time. May be repeated, by several workers at once, with another pace. PROCESSES_UNAVAILABLE. */
export async function scheduleReconciliation({
  temporal,
  everyMs,
  log,
}: {
  readonly temporal: TemporalClient;
  readonly everyMs: number;
  readonly log: Log;
}): Promise<void> {
  const spec = { intervals: [{ every: everyMs }] };
  try {
    await temporal.within(10_000, () =>
      temporal.client.schedule.create({
        scheduleId: SCHEDULE,
        spec,
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
        action: {
          type: 'startWorkflow',
          workflowType: workflowTypes.reconcile,
          workflowId: SCHEDULE,
          taskQueue: taskQueues.forward,
          args: [],
        },
      }),
    );
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw translated(error, 'scheduling the reconciliation', log);
    await temporal.within(10_000, () => temporal.client.schedule.getHandle(SCHEDULE).update((before) => ({ ...before, spec })));
  }
}
