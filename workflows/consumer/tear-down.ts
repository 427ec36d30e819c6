import { condition } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import { letGo } from './acquiring.ts';
import type { IntentState } from './intent-state.ts';

/** Lets every living acquisition go. They unwind by themselves; what their sellers do not answer for goes on without the intent, and is visible as their own workflow. */
export async function releaseAll(state: IntentState, ending: Ending): Promise<void> {
  for (const { id } of state.attempts) await letGo(state, id, ending);
}

/** A place is over in seconds when its seller answers; of one that does not, our own side is undone, and the rest goes on without us. */
export async function untilReleased(state: IntentState): Promise<void> {
  const all = (states: readonly string[]): boolean => state.attempts.every(({ last }) => states.includes(last?.state ?? ''));
  if (await condition(() => all(['over']), state.facts.timing.undoRoundMs)) return;
  await condition(() => all(['over', 'undone-here']), state.facts.timing.stuckPauseMaxMs);
}
