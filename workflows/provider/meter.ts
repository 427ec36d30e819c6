import { condition, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { codeOf, wordsOf } from '../failures.ts';
import * as messages from '../messages.ts';
import type { Scribe } from '../scribe.ts';
import { admit } from './admit.ts';
import type { Sale } from './sale.ts';

/** A signed contract: a wait for the buyer's slice, then for the contract's end. */
export interface Metering {
  /** Answers why the contract ends; `undefined` when the history is long. */
  readonly meter: (saga: Saga<Sale>, scribe: Scribe) => Promise<Ending | undefined>;
  /** Whether a slice of this contract ever came. */
  readonly sliceSeen: () => boolean;
}

export function openMetering(timing: Timing, seenBefore: boolean): Metering {
  let offered = false;
  let seen = seenBefore;
  setHandler(messages.sliceOffered, () => {
    offered = true;
    seen = true;
  });
  setHandler(messages.sliceGone, () => undefined);

  return {
    sliceSeen: () => seen,
    async meter(saga, scribe) {
      const absentAt = Date.now() + timing.buyerAbsentMs;
      const expiresAt = saga.context.expiresAt ?? Number.MAX_SAFE_INTEGER;
      for (;;) {
        if (workflowInfo().continueAsNewSuggested) return undefined;
        const now = Date.now();
        if (now >= expiresAt) return { reason: 'expired', detail: `the contract ended at ${new Date(expiresAt).toISOString()}` };
        if (!seen && now >= absentAt) return { reason: 'buyer-absent', detail: `no slice within ${timing.buyerAbsentMs} ms` };
        await condition(() => offered, Math.min(expiresAt, seen ? now + timing.lookMs : absentAt) - now);
        if (!offered) continue;
        offered = false;
        try {
          await saga.forward(admit);
          scribe.phase('usage');
        } catch (error) {
          // The verdict with its reason stands on the slice; a better slice may still come. Anything else is retried by the next event.
          if (!['SLICE_DENIED', 'NOT_FOUND'].includes(codeOf(error))) throw error;
          scribe.note('peering', 'denied', wordsOf(error));
        }
      }
    },
  };
}
