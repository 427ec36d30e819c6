import { CancellationScope, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Residue, Saga } from '../src/domain/saga.ts';
import type { Timing } from '../src/domain/timing.ts';
import { wordsOf } from './failures.ts';
import * as messages from './messages.ts';
import { stuckPauses } from './pauses.ts';
import type { Scribe } from './scribe.ts';
import { waitFor } from './summaries.ts';

/** The one way back: rounds of undoing until nothing is left, with the stuck state in between where it can be seen. */
export interface Unwinding {
  /** Undoes one side of everything entered, however long that takes. Never cancelled. `false`: the history is long, go on in a new run. */
  readonly undo: <C extends object>(saga: Pick<Saga<C>, 'unwind'>, side: 'here' | 'there', onStuck?: () => void) => Promise<boolean>;
  /** Something changed out there: try at once. */
  readonly poke: () => void;
  /** How often something changed, or an operator asked for another try. */
  readonly pokes: () => number;
  /** What is left at the moment, in words; empty when nothing is stuck. */
  readonly residue: () => string;
}

export function openUnwinding(scribe: Scribe, timing: Timing): Unwinding {
  let pokes = 0;
  let left: readonly Residue[] = [];
  const poke = (): void => {
    pokes += 1;
  };
  setHandler(messages.retryTeardown, poke, { description: 'Tries again at once what is stuck' });
  const describe = (): string => left.map(({ step, side, error }) => `${step} (${side}): ${wordsOf(error)}`).join('; ');
  return {
    poke,
    pokes: () => pokes,
    residue: describe,
    async undo(saga, side, onStuck) {
      return await CancellationScope.nonCancellable(async () => {
        const pauses = stuckPauses(timing);
        for (;;) {
          const seen = pokes;
          left = await saga.unwind(side);
          if (left.length === 0) break;
          if (workflowInfo().continueAsNewSuggested) return false;
          scribe.stuck(true);
          onStuck?.();
          const pause = pauses.next();
          scribe.details(
            `**Stuck** while tearing down: ${describe()}. Next try in ${Math.round(pause / 1000)} s, or by the update \`retryTeardown\`.`,
          );
          await waitFor(
            `stuck: the next try to undo ${left.map(({ step }) => step).join(', ')}, or retryTeardown`,
            () => pokes !== seen,
            pause,
          );
        }
        scribe.stuck(false);
        return true;
      });
    },
  };
}
