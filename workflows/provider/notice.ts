import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { askingPauses } from '../pauses.ts';
import { untilDone } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import type { Sale } from './sale.ts';

/** A contract that its seller ends early, after the notice that was agreed on: written down, then told to the buyer until it has heard. */
export interface Leaving {
  /** Whether there is a notice that was not given yet. */
  readonly isDue: () => boolean;
  /** When the buyer is told again, in milliseconds since the epoch. */
  readonly tellAt: () => number;
  /** Gives the notice, and tells of it, as far as either is due. */
  readonly giveNotice: () => Promise<void>;
}

const NEVER = Number.MAX_SAFE_INTEGER;

export function openLeaving(saga: Saga<Sale>, timing: Timing, scribe: Scribe, noticed: () => Ending | undefined): Leaving {
  // A run that goes on tells once more: it may not have been heard.
  let tellAt = saga.context.notice ? 0 : NEVER;
  const pauses = askingPauses(timing);
  const isDue = (): boolean => noticed() !== undefined && saga.context.notice === undefined;
  return {
    isDue,
    tellAt: () => tellAt,
    async giveNotice() {
      const { contract, noticeMs = 0, buyerAddress } = saga.context;
      const ending = noticed();
      if (ending && isDue()) {
        // To the second, as times travel, and never shorter than agreed.
        const endsAt = Math.ceil((Date.now() + noticeMs) / 1_000) * 1_000;
        await untilDone.giveNotice({ contract, ending, endsAt });
        saga.learn({ notice: { ending, endsAt } });
        scribe.note('usage', 'notice', `${ending.reason}: it ends at ${new Date(endsAt).toISOString()}`);
        tellAt = 0;
      }
      const { notice } = saga.context;
      if (!notice || !buyerAddress || Date.now() < tellAt) return;
      const { told, mute } = await untilDone.notifyBuyer({ contract, buyer: buyerAddress, ending: notice.ending });
      tellAt = told || mute ? NEVER : Date.now() + pauses.next();
    },
  };
}
