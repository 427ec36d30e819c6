import { patched, setHandler } from '@temporalio/workflow';
import { endsAt } from '../../src/domain/clock-skew.ts';
import { expiredAt } from '../../src/domain/contract-over.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import * as messages from '../messages.ts';
import { untilDone } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { openLeaving } from './notice.ts';
import type { Sale } from './sale.ts';

/** How long a sold contract lives, whatever was sold: to its end and a grace by our clock, longer where both signed so, shorter by notice. */
export interface Term {
  /** Takes in what was renewed, and gives the notice that is due. Answers why the contract ends, when to look again at the latest (in milliseconds since the epoch), or `undefined`: at once. */
  readonly look: () => Promise<Ending | { readonly wakeAt: number } | undefined>;
  /** Whether to ask before. */
  readonly hasNews: () => boolean;
}

/** Hears renewals from its opening on. `noticed`: why the contract is to end after its notice. */
export function openTerm(
  timing: Timing,
  scribe: Scribe,
  noticed: () => Ending | undefined,
): (saga: Saga<Sale>, kind: 'slice' | 'instance') => Term {
  let renewedUntil = 0;
  setHandler(messages.renewed, ({ expiresAt }) => {
    renewedUntil = Math.max(renewedUntil, expiresAt);
  });
  return (saga, kind) => {
    // Instances had no grace before this mark: a run of then ends as it began.
    const grace = kind === 'slice' || patched('instance-term') ? timing : {};
    const leaving = openLeaving(saga, timing, scribe, noticed);
    const hasLaterEnd = (): boolean => renewedUntil > (saga.context.expiresAt ?? Number.MAX_SAFE_INTEGER);
    const goOnUntil = (expiresAt: number): void => {
      saga.learn({ expiresAt });
      scribe.note('usage', 'renewed', `until ${new Date(expiresAt).toISOString()}`);
    };
    /** What was signed of a later end stands in the table: whether the contract ends is decided there. */
    const laterEnd = async (expiresAt: number, ending: Ending): Promise<number | undefined> =>
      saga.context.renewable ? (await untilDone.lapse({ contract: saga.context.contract, expiresAt, ending })).expiresAt : undefined;
    return {
      hasNews: () => hasLaterEnd() || leaving.isDue(),
      async look() {
        if (hasLaterEnd()) goOnUntil(renewedUntil);
        await leaving.giveNotice();
        const { expiresAt = Number.MAX_SAFE_INTEGER, notice } = saga.context;
        // The buyer stops before, by its own clock.
        const graceUntil = endsAt(Math.min(expiresAt, notice?.endsAt ?? expiresAt), grace);
        if (Date.now() < graceUntil) return { wakeAt: Math.min(graceUntil, leaving.tellAt()) };
        if (notice && notice.endsAt < expiresAt) return notice.ending;
        const ending = expiredAt(expiresAt);
        const later = await laterEnd(expiresAt, ending);
        if (later === undefined) return ending;
        goOnUntil(later);
        return undefined;
      },
    };
  };
}
