import { isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import { endsAt } from '../../src/domain/clock-skew.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { codeOf, wordsOf } from '../failures.ts';
import * as messages from '../messages.ts';
import { stuckPauses } from '../pauses.ts';
import type { Scribe } from '../scribe.ts';
import { untilDone } from '../proxies.ts';
import { waitFor } from '../summaries.ts';
import { openLeaving } from './notice.ts';
import type { Sale, SaleStep } from './sale.ts';

/** What may be over in a moment: an outage of our own parts, or a call that nobody answered. */
const PASSING = ['CLUSTER_UNREACHABLE', 'STORE_UNAVAILABLE', 'PROCESSES_UNAVAILABLE', 'TIMEOUT'];

/** A signed contract: a wait for the buyer's slice, then for the contract's end. */
export interface Metering {
  /** Answers why the contract ends; `undefined` when the history is long. */
  readonly meter: (saga: Saga<Sale>, admit: SaleStep) => Promise<Ending | undefined>;
  /** Whether a slice of this contract ever came. */
  readonly sliceSeen: () => boolean;
}

/** `noticed`: why it is to end after its notice. */
export function openMetering(timing: Timing, scribe: Scribe, seenBefore: boolean, noticed: () => Ending | undefined): Metering {
  // A slice may have come in the last moment of the run before, or waits for another try: a run that goes on looks at once.
  let offered = seenBefore;
  let seen = seenBefore;
  setHandler(messages.sliceOffered, () => {
    offered = true;
    seen = true;
  });
  let renewedUntil = 0;
  setHandler(messages.renewed, ({ expiresAt }) => {
    renewedUntil = Math.max(renewedUntil, expiresAt);
  });
  // A contract ends by its own rules only; who reads the journal sees why nothing runs under it.
  setHandler(messages.sliceGone, () => scribe.note('usage', 'slice-gone', 'the buyer took its slice away'));

  return {
    sliceSeen: () => seen,
    async meter(saga, admit) {
      const absentAt = Date.now() + timing.buyerAbsentMs;
      const pauses = stuckPauses(timing);
      let againAt: number | undefined;
      let denied = false;
      const leaving = openLeaving(saga, timing, scribe, noticed);
      const hasLaterEnd = (): boolean => renewedUntil > (saga.context.expiresAt ?? Number.MAX_SAFE_INTEGER);
      const goOnUntil = (expiresAt: number): void => {
        saga.learn({ expiresAt });
        scribe.note('usage', 'renewed', `until ${new Date(expiresAt).toISOString()}`);
      };
      /** What was signed of a later end stands in the table: whether the contract ends is decided there. */
      const laterEnd = async (expiresAt: number, ending: Ending): Promise<number | undefined> =>
        saga.context.renewable ? (await untilDone.lapse({ contract: saga.context.contract, expiresAt, ending })).expiresAt : undefined;
      for (;;) {
        if (workflowInfo().continueAsNewSuggested) return undefined;
        if (hasLaterEnd()) goOnUntil(renewedUntil);
        await leaving.giveNotice();
        const { expiresAt = Number.MAX_SAFE_INTEGER, notice } = saga.context;
        // The buyer stops before, by its own clock.
        const graceUntil = endsAt(Math.min(expiresAt, notice?.endsAt ?? expiresAt), timing);
        const now = Date.now();
        if (now >= graceUntil) {
          if (notice && notice.endsAt < expiresAt) return notice.ending;
          const ending: Ending = { reason: 'expired', detail: `the contract ended at ${new Date(expiresAt).toISOString()}` };
          const later = await laterEnd(expiresAt, ending);
          if (later === undefined) return ending;
          goOnUntil(later);
          continue;
        }
        const { admitted, contract, buyerCluster } = saga.context;
        // One whose slices were all denied is as absent as one that sent none: it would hold what it bought until the contract expires. What is offered gets its first try all the same.
        const absent = !admitted && againAt === undefined && (denied || !offered);
        if (absent && now >= absentAt)
          return { reason: 'buyer-absent', detail: `no slice ${denied ? 'that is its contract’s ' : ''}within ${timing.buyerAbsentMs} ms` };
        const wakeAt = Math.min(graceUntil, leaving.tellAt(), againAt ?? (admitted ? now + timing.lookMs : absentAt));
        await waitFor(
          admitted ? `${contract} served, until its next look or end` : `a slice of buyer ${buyerCluster}`,
          () => offered || hasLaterEnd() || leaving.isDue(),
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
