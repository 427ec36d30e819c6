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
        const { historyLength } = await following.client(node).workflow.getHandle(workflowId, runId).describe();
        return { workflow: `${node} ${workflowId}`, events: historyLength };
      }),
    );
    for (const kind of ['intent/', 'acquisition/', 'contract/', 'peering/'])
      if (!lengths.some(({ workflow }) => workflow.includes(kind))) throw new Error(`no ${kind} workflow was seen`);
    const events = lengths.map(({ events }) => events);
    return {
      name: 'history-events',
      unit: 'events (largest workflow)',
      value: Math.max(...events),
      p50: percentile(events, 0.5),
      p99: percentile(events, 0.99),
      facts: { lengths },
    };
  } finally {
    await world.stop();
  }
}
