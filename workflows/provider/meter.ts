import { isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { codeOf, wordsOf } from '../failures.ts';
import * as messages from '../messages.ts';
import { stuckPauses } from '../pauses.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import type { Sale, SaleStep } from './sale.ts';
import type { Term } from './term.ts';

/** What may be over in a moment: an outage of our own parts, or a call that nobody answered. */
const PASSING = ['CLUSTER_UNREACHABLE', 'STORE_UNAVAILABLE', 'PROCESSES_UNAVAILABLE', 'TIMEOUT'];

/** A signed contract: a wait for the buyer's slice, then for the contract's end. */
export interface Metering {
  /** Answers why the contract ends; `undefined` when the history is long. */
  readonly meter: (saga: Saga<Sale>, admit: SaleStep, term: Term) => Promise<Ending | undefined>;
  /** Whether a slice of this contract ever came. */
  readonly sliceSeen: () => boolean;
}

export function openMetering(timing: Timing, scribe: Scribe, seenBefore: boolean): Metering {
  // A slice may have come in the last moment of the run before, or waits for another try: a run that goes on looks at once.
  let offered = seenBefore;
  let seen = seenBefore;
  setHandler(messages.sliceOffered, () => {
    offered = true;
    seen = true;
  });
  // A contract ends by its own rules only; who reads the journal sees why nothing runs under it.
  setHandler(messages.sliceGone, () => scribe.note('usage', 'slice-gone', 'the buyer took its slice away'));

  return {
    sliceSeen: () => seen,
    async meter(saga, admit, term) {
      const absentAt = Date.now() + timing.buyerAbsentMs;
      const pauses = stuckPauses(timing);
      let againAt: number | undefined;
      let denied = false;
      for (;;) {
        if (workflowInfo().continueAsNewSuggested) return undefined;
        const due = await term.look();
        if (!due) continue;
        if ('reason' in due) return due;
        const now = Date.now();
        const { admitted, contract, buyerCluster } = saga.context;
        // One whose slices were all denied is as absent as one that sent none: it would hold what it bought until the contract expires. What is offered gets its first try all the same.
        const absent = !admitted && againAt === undefined && (denied || !offered);
        if (absent && now >= absentAt)
          return { reason: 'buyer-absent', detail: `no slice ${denied ? 'that is its contract’s ' : ''}within ${timing.buyerAbsentMs} ms` };
        const wakeAt = Math.min(due.wakeAt, againAt ?? (admitted ? now + timing.lookMs : absentAt));
        await waitFor(
          admitted ? `${contract} served, until its next look or end` : `a slice of buyer ${buyerCluster}`,
          () => offered || term.hasNews(),
          wakeAt - now,
        );
        if (!offered && (againAt === undefined || Date.now() < againAt)) continue;
        offered = false;
        againAt = undefined;
        try {
          await saga.forward(admit);
          pauses.reset();
          scribe.phase('usage');
        } catch (error) {
          if (isCancellation(error)) throw error;
          const code = codeOf(error);
          scribe.note('peering', 'not-admitted', wordsOf(error));
          // The verdict with its reason stands on the slice; a better slice may still come.
          if (code === 'SLICE_DENIED' || code === 'NOT_FOUND') {
            denied = true;
            continue;
          }
          // Silence ends no contract: an outage of our own cluster or store is waited out, and nothing that is said of a slice in use ends it.
          if (!saga.context.admitted && !PASSING.includes(code)) throw error;
          againAt = Date.now() + pauses.next();
        }
      }
    },
  };
}
