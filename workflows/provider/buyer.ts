import type { ContractId } from '../../src/domain/ids.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { askingPauses } from '../pauses.ts';
import { observing, untilDone } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import type { Unwinding } from '../unwinding.ts';
import type { Sale } from './sale.ts';

/** What a seller still has to do with the buyer of a contract that ends: tell it, and keep its tenant until it has taken down its own side. */
export interface Buyer {
  /** The reason is written first: the buyer, once told, reads it back. */
  readonly tell: (sale: Sale) => Promise<void>;
  /**
   * Its own teardown needs the tenant, so the buyer says when it is done; one that never came has nothing to tear down. A buyer that could not be told is told again meanwhile.
   * The wait has one deadline, however often it is begun.
   */
  readonly untilDone: (sale: Sale, sliceSeen: boolean) => Promise<void>;
  readonly kept: () => Kept;
}

/** What rides continue-as-new. */
export interface Kept {
  /** Until when the tenant is kept for the buyer, once that wait has begun. */
  readonly keptUntil?: number;
  /** The buyer has to hear of the end, and could not be told yet. One whose node has no such message is told no more. */
  readonly untold?: boolean;
}

export function openBuyer(input: {
  readonly contract: ContractId;
  readonly timing: Timing;
  readonly scribe: Scribe;
  readonly unwinding: Pick<Unwinding, 'pokes'>;
  readonly isDone: () => boolean;
  /** Whether an operator said to wait no more. */
  readonly isCut: () => boolean;
  readonly before: Kept;
}): Buyer {
  const { contract, timing, scribe, unwinding, isDone, isCut } = input;
  let { keptUntil, untold = false } = input.before;
  /** Whether it has to hear of the end. */
  let hears = untold;
  let isMute = false;
  const notify = async ({ buyerAddress, ending }: Sale): Promise<void> => {
    if (!hears || !buyerAddress || !ending) return;
    const { told, mute = false } = await untilDone.notifyBuyer({ contract, buyer: buyerAddress, ending });
    untold = !told && !mute;
    isMute = mute;
  };
  return {
    async tell(sale) {
      hears = true;
      if (sale.ending) await untilDone.markEnding({ contract, ending: sale.ending });
      await notify(sale);
    },
    async untilDone(sale, sliceSeen) {
      if (isDone()) return;
      const since = Date.now();
      const { buyerCluster } = sale;
      // One that Liqo never authenticated was told by nobody, and its buyer's own teardown needs the tenant all the same.
      const needed = async (): Promise<boolean> =>
        sliceSeen || (buyerCluster !== undefined && (await observing.isSliceHere({ contract, buyer: buyerCluster })));
      keptUntil ??= since + ((await needed()) ? timing.buyerGoneMs : timing.sellerGraceMs);
      if (isDone() || since >= keptUntil) return;
      const span = `since ${new Date(since).toISOString()}, until ${new Date(keptUntil).toISOString()} at most`;
      const words = `buyer ${sale.buyerCluster} to take down its own side, which needs its tenant here`;
      scribe.details(
        `**Waiting** for ${words}: ${span}. What it used is for sale again. \`rearguard contracts end ${contract} --without-buyer\` cuts this short, and may leave its side hanging.`,
      );
      scribe.note(
        'teardown',
        'waits-for-buyer',
        `${words}: ${span}${untold ? '; it could not be told yet' : isMute ? '; its node takes no notice of an end' : ''}`,
      );
      const pauses = askingPauses(timing);
      for (;;) {
        const pokes = unwinding.pokes();
        const left = keptUntil - Date.now();
        if (left <= 0) break;
        await waitFor(words, () => isDone() || unwinding.pokes() !== pokes, untold ? Math.min(left, pauses.next()) : left);
        if (isDone()) break;
        if (untold || unwinding.pokes() !== pokes) await notify(sale);
      }
      scribe.details(`Ending contract \`${contract}\`: what is shared with ${sale.buyerCluster} goes, unless another contract uses it`);
      if (isCut()) scribe.note('teardown', 'buyer-is-away', `an operator waits for ${sale.buyerCluster} no more`);
      else if (!isDone()) scribe.note('teardown', 'buyer-is-away', `${sale.buyerCluster} did not say in time that it is done`);
    },
    kept: () => ({ ...(keptUntil !== undefined && { keptUntil }), ...(untold && { untold }) }),
  };
}
