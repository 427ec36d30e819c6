import type { temporal } from '@temporalio/proto';
import { bought } from '../../deploy/demo/scenarios/bought.ts';
import { openTelling } from '../../deploy/demo/telling.ts';
import { startWorld } from '../../deploy/demo/world.ts';
import { type Measured, type Measuring, percentile } from './measured.ts';

/** How many events the workflows of the demo's scenario (b) have when all is given back: an intent that is bought, used and ended. */
export async function measureHistory({ say }: Measuring): Promise<Measured> {
  const world = await startWorld({ telling: openTelling({ write: (text: string) => say(text.trim()) }) });
  try {
    await bought.run(world, say);
    const { following } = world;
    await following.until('the end of every workflow', 180, () => (following.all().every(({ open }) => !open) ? true : undefined));
    const lengths = await Promise.all(
      following.all().map(async ({ node, workflowId, runId }) => {
        const { events = [] } = await following.client(node).workflow.getHandle(workflowId, runId).fetchHistory();
        return { workflow: `${node} ${workflowId}`, events: events?.length ?? 0, made: madeOf(events ?? []) };
      }),
    );
    for (const kind of ['intent/', 'acquisition/', 'contract/', 'peering/'])
      if (!lengths.some(({ workflow }) => workflow.includes(kind))) throw new Error(`no ${kind} workflow was seen`);
    const counts = lengths.map(({ events }) => events);
    return {
      name: 'history-events',
      unit: 'events (largest workflow)',
      value: Math.max(...counts),
      p50: percentile(counts, 0.5),
      p99: percentile(counts, 0.99),
      facts: { lengths },
    };
  } finally {
    await world.stop();
  }
}

/** How often a workflow did or heard what costs it events: activities, signals, timers, search attributes, and the workflow tasks between them. */
function madeOf(events: readonly temporal.api.history.v1.IHistoryEvent[]): Readonly<Record<string, number>> {
  const made: Record<string, number> = {};
  for (const event of events) {
    const name =
      event.activityTaskScheduledEventAttributes?.activityType?.name ??
      event.workflowExecutionSignaledEventAttributes?.signalName ??
      (event.workflowTaskScheduledEventAttributes && 'workflow task') ??
      (event.timerStartedEventAttributes && 'timer') ??
      (event.upsertWorkflowSearchAttributesEventAttributes && 'search attributes') ??
      (event.workflowExecutionUpdateAcceptedEventAttributes && 'update');
    if (name) made[name] = (made[name] ?? 0) + 1;
  }
  return made;
}
