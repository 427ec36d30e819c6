import { workflowInfo } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import { hearingPauses } from '../pauses.ts';
import { waitFor } from '../summaries.ts';
import { askAfter, letGo } from './acquiring.ts';
import type { IntentState } from './intent-state.ts';

/** Lets every living acquisition go. They unwind by themselves; what their sellers do not answer for goes on without the intent, and is visible as their own workflow. */
export async function releaseAll(state: IntentState, ending: Ending): Promise<void> {
  for (const { id } of state.attempts) await letGo(state, id, ending);
}

/**
 * A place is over in seconds when its seller answers; of one that does not, our own side is undone, and the rest goes on without us. A child that was closed by hand says
 * nothing more, so it is asked after, ever more rarely. `false`: the history is long, go on in a new run.
 */
export async function untilReleased(state: IntentState): Promise<boolean> {
  const all = (states: readonly string[]): boolean => state.attempts.every(({ last }) => states.includes(last?.state ?? ''));
  const pauses = hearingPauses(state.facts.timing);
  let enough = ['over'];
  while (!(await waitFor('the acquisitions to give everything back', () => all(enough), pauses.next()))) {
    enough = ['over', 'undone-here'];
    for (const { id, last } of state.attempts) if (!enough.includes(last?.state ?? '')) await askAfter(state, id);
    if (!all(enough) && workflowInfo().continueAsNewSuggested) return false;
  }
  return true;
}
