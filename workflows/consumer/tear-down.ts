import { condition } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import { letGo } from './acquiring.ts';
import type { IntentState } from './intent-state.ts';

/** Lets every living acquisition go. They unwind by themselves; what their sellers do not answer for goes on without the intent, and is visible as their own workflow. */
export async function releaseAll(state: IntentState, ending: Ending): Promise<{ readonly settled: () => Promise<void> }> {
  const living = state.attempts.filter(({ last }) => last?.state !== 'over');
  for (const { id } of living) await letGo(state, id, ending);
  const inState = (states: readonly string[]): boolean =>
    state.attempts.filter(({ id }) => living.some((attempt) => attempt.id === id)).every(({ last }) => states.includes(last?.state ?? ''));
  return {
    async settled() {
      // A place is over in seconds when its seller answers.
      if (await condition(() => inState(['over']), state.facts.timing.undoRoundMs)) return;
      await condition(() => inState(['over', 'undone-here']), state.facts.timing.stuckPauseMaxMs);
    },
  };
}
