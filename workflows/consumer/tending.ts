import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { ContractState, EndNotice } from '../../src/domain/contract.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { wordsOf } from '../failures.ts';
import { stuckPauses } from '../pauses.ts';
import type { Scribe } from '../scribe.ts';
import type { Acquisition } from './acquisition.ts';

/**
 * The daily look at a held contract: does it live, and has our identity at the seller time to live? It goes on beside whoever waits for other news, since a seller may take its
 * time to answer; what it finds wrong with our identity ends nothing.
 */
export interface Tending {
  /** When the next one is due, in milliseconds since the epoch; rides continue-as-new. */
  readonly dueAt: () => number;
  /** When to wake for it: later than it is due while one is under way. */
  readonly wakeAt: () => number;
  readonly begin: () => void;
  /** Why the contract ends, once the seller has said so. A seller that says nothing is asked again tomorrow. */
  readonly over: () => Ending | undefined;
  /** A renewal failed, here or in the peering: it is tried again after a growing pause, since the old token lives for days. */
  readonly notRenewed: (why: string) => void;
  /** Until nothing of it runs any more; what was under way is due again. */
  readonly stop: () => Promise<void>;
}

/** Asks the seller whether the contract lives, and renews what wants renewal. */
export type Look = (context: Acquisition) => Promise<{
  readonly state?: ContractState | 'silent';
  readonly ending?: Ending;
  readonly notice?: EndNotice;
  /** What was not renewed, in words. */
  readonly notRenewed?: string;
}>;

export function openTending(
  saga: Saga<Acquisition>,
  timing: Timing,
  scribe: Scribe,
  look: Look,
  dueBefore: number | undefined,
  hearNotice: (notice: EndNotice) => void,
): Tending {
  let dueAt = dueBefore ?? Date.now() + timing.lookMs;
  let failing = false;
  let over: Ending | undefined;
  let running: { readonly scope: CancellationScope; readonly done: Promise<void> } | undefined;
  const pauses = stuckPauses(timing);
  const notRenewed = (why: string): void => {
    scribe.note('usage', saga.context.handedOver ? 'handover-not-renewed' : 'identity-not-renewed', why);
    failing = true;
    dueAt = Math.min(dueAt, Date.now() + pauses.next());
  };
  const tend = async (): Promise<void> => {
    if (saga.context.candidate.dialect === 'fluidos') return;
    try {
      const { state, ending, notice, notRenewed: why } = await look(saga.context);
      if (why) notRenewed(why);
      if (notice) hearNotice(notice);
      if (state === 'ending' || state === 'over') over = ending ?? { reason: 'withdrawn-by-seller' };
    } catch (error) {
      if (isCancellation(error)) dueAt = Date.now();
      else notRenewed(wordsOf(error));
    }
  };
  return {
    dueAt: () => dueAt,
    wakeAt: () => (running && dueAt <= Date.now() ? Date.now() + timing.lookMs : dueAt),
    over: () => over,
    notRenewed,
    begin() {
      if (!failing) pauses.reset();
      failing = false;
      dueAt = Date.now() + timing.lookMs;
      const scope = new CancellationScope();
      const done = scope.run(tend).finally(() => {
        running = undefined;
      });
      running = { scope, done };
    },
    async stop() {
      running?.scope.cancel();
      await running?.done;
    },
  };
}
