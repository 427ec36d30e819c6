import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import { stopsAt } from '../../src/domain/clock-skew.ts';
import type { EndNotice } from '../../src/domain/contract.ts';
import type { EndReason, Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { wordsOf } from '../failures.ts';
import { askingPauses } from '../pauses.ts';
import { tending } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import type { Acquisition } from './acquisition.ts';

/**
 * Some time before a contract ends its seller is asked to go on, where it promised that this may be asked. It goes on beside whoever waits for other news, as the daily look does. Whoever is
 * refused, or not answered for half of that time, leaves: the other half is for finding another place. Whoever hears that the contract is over has it read back, and uses it no longer.
 */
export interface Renewing {
  /** When to wake for it, in milliseconds since the epoch. */
  readonly wakeAt: () => number;
  readonly begin: () => void;
  /** The seller ends the contract early, and says when. */
  readonly hearNotice: (notice: EndNotice) => void;
  /** Why the place is to be left before its contract ends. */
  readonly leaves: () => Ending | undefined;
  /** Until nothing of it runs any more. */
  readonly stop: () => Promise<void>;
}

/** The last moment of use. After a short notice no more than the last tenth of that is left out: there would be no time to move. */
export const lastUse = ({ expiresAt = Number.MAX_SAFE_INTEGER, boughtAt = 0, noticedAt = boughtAt }: Acquisition, timing: Timing): number =>
  stopsAt(expiresAt, noticedAt, timing);

export function openRenewing(input: {
  readonly saga: Saga<Acquisition>;
  readonly timing: Timing;
  readonly scribe: Scribe;
  /** When the intent ends by itself: it needs nothing beyond. Milliseconds since the epoch. */
  readonly deadline: number | undefined;
  readonly leavesBefore: Ending | undefined;
  /** Whether the place is worth it: one whose node is away is not. */
  readonly isWanted: () => boolean;
  /** Has the contract read back at once. */
  readonly askBack: () => void;
}): Renewing {
  const { saga, timing, scribe, deadline = Number.MAX_SAFE_INTEGER, isWanted, askBack } = input;
  let leaves = input.leavesBefore;
  let askAt: number | undefined;
  let running: { readonly scope: CancellationScope; readonly done: Promise<void> } | undefined;
  const pauses = askingPauses(timing);
  /** How long before its end there is time to ask. */
  const ahead = (): number => Math.min(timing.renewAheadMs, (saga.context.renewsForMs ?? 0) / 4);
  /** From then on another place has to be found. */
  const tooLateAt = (): number => lastUse(saga.context, timing) - ahead() / 2;
  const leave = (why: string, over: EndReason = 'expired'): void => {
    leaves = { reason: over, detail: `its contract is not renewed: ${why}` };
    scribe.note('usage', 'not-renewed', why);
  };
  const ask = async (): Promise<void> => {
    const { contract, candidate, expiresAt, id } = saga.context;
    if (!contract || expiresAt === undefined) return;
    try {
      const answer = await tending.renew({ contract, seller: candidate.seller.address, acquisition: id, expiresAt });
      if (answer.state === 'refused') {
        // A place whose contract is over serves no longer; that it is, its seller has to say when it is asked for that.
        if (answer.readBack) askBack();
        return leave(answer.why, answer.over);
      }
      if (answer.state === 'renewed') {
        saga.learn({ expiresAt: answer.expiresAt });
        scribe.note('usage', 'renewed', `until ${new Date(answer.expiresAt).toISOString()}`);
        askAt = undefined;
        pauses.reset();
        return;
      }
    } catch (error) {
      if (isCancellation(error)) return;
      scribe.note('usage', 'renewal-failed', wordsOf(error));
    }
    const now = Date.now();
    if (now >= tooLateAt()) leave(`${candidate.seller.domain} does not say whether it goes on`);
    else askAt = Math.min(now + pauses.next(), tooLateAt());
  };
  return {
    wakeAt() {
      if (!saga.context.renewsForMs || leaves || running || !isWanted()) return Number.MAX_SAFE_INTEGER;
      const until = lastUse(saga.context, timing);
      return deadline <= until ? Number.MAX_SAFE_INTEGER : (askAt ?? until - ahead());
    },
    begin() {
      const scope = new CancellationScope();
      const done = scope.run(ask).finally(() => {
        running = undefined;
      });
      running = { scope, done };
    },
    hearNotice({ ending, endsAt }) {
      const { expiresAt = Number.MAX_SAFE_INTEGER } = saga.context;
      const at = Date.parse(endsAt);
      if (at >= expiresAt && leaves) return;
      saga.learn({ expiresAt: Math.min(at, expiresAt) });
      const noticedAt = Date.now();
      const isShort = at < expiresAt && lastUse({ ...saga.context, noticedAt }, timing) > lastUse(saga.context, timing);
      // Whoever heard of one before this mark leaves as it did then.
      if (isShort && patched('short-notice')) saga.learn({ noticedAt });
      if (leaves?.reason !== ending.reason) scribe.note('usage', 'notice', `${ending.reason}: it ends at ${endsAt}`);
      leaves = { ...ending, detail: `${ending.detail ? `${ending.detail}: ` : ''}its seller gave notice for ${endsAt}` };
    },
    leaves: () => leaves,
    async stop() {
      running?.scope.cancel();
      await running?.done;
    },
  };
}
