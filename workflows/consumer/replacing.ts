import { patched } from '@temporalio/workflow';
import { beside } from '../beside.ts';
import type { IntentState } from './intent-state.ts';
import type { Living, Turn } from './living.ts';
import type { Services } from './services.ts';
import type { Placement } from './usage.ts';

/** Whether this run hears of its place while it looks for a service, and of its services while it looks for a place; one of before did not, and replays so. */
export const hearsBoth = (): boolean => patched('services-beside');

/** Another service is looked for beside the workload: a place that is lost meanwhile, or a workload that ends, is heard at once, and the search stops for it. What it was buying is heard by whoever searches next. */
export async function replaceBeside(
  state: IntentState,
  services: Pick<Services, 'replace'>,
  living: Living,
  placement: Placement,
): Promise<Turn> {
  const ofSearch = (served: boolean): Turn => ({ kind: served ? 'served' : 'long' });
  if (!hearsBoth()) return ofSearch(await services.replace());
  let isDone = false;
  let served = false;
  const search = beside(async () => {
    try {
      served = await services.replace();
    } finally {
      isDone = true;
    }
  });
  try {
    const turn = await living.live(placement, () => isDone);
    if (turn.kind === 'served') {
      await search.done();
      return ofSearch(served);
    }
    await search.stop();
    // The place's search has a patience of its own.
    if (turn.kind === 'lost') {
      state.search = undefined;
      state.seeking = undefined;
      state.supersedes = true;
    }
    return turn;
  } finally {
    if (!isDone) await search.stop();
  }
}
