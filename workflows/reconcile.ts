import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { Reconciliation } from '../activities/reconcile.ts';
import { taskQueues } from '../src/domain/ids.ts';

/** One try: what a run could not compare, the next one of the schedule does. */
const { reconcile: compare } = proxyActivities<Activities>({
  taskQueue: taskQueues.undo,
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

/** Started by a Temporal Schedule: derives again what is true from contracts, workflows and who answers; a lost event costs a minute, never a leak. */
export async function reconcile(): Promise<Reconciliation> {
  const found = await compare();
  setCurrentDetails(
    [
      ...found.mended.map((line) => `- mended: ${line}`),
      ...found.failed.map((line) => `- **could not be mended**: ${line}`),
      ...found.poked.map((id) => `- told to try again: ${id}`),
    ].join('\n') || 'Everything is as written.',
  );
  return found;
}
