import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { stuckPauses } from '../pauses.ts';
import { tending } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import type { Acquisition } from './acquisition.ts';

/** The daily look at a held contract: does it live, and has our identity at the seller time to live? What it finds wrong with our identity ends nothing. */
export interface Tending {
  /** When the next one is due, in milliseconds since the epoch; rides continue-as-new. */
  readonly dueAt: () => number;
  /** Answers why the contract ends, if the seller says so. A seller that says nothing is asked again tomorrow. */
  readonly tend: () => Promise<Ending | undefined>;
  /** A renewal failed, here or in the peering: it is tried again after a growing pause, since the old token lives for days. */
  readonly notRenewed: (why: string) => void;
}

export function openTending(saga: Saga<Acquisition>, timing: Timing, scribe: Scribe, dueBefore: number | undefined): Tending {
  let dueAt = dueBefore ?? Date.now() + timing.lookMs;
  let failing = false;
  const pauses = stuckPauses(timing);
  const notRenewed = (why: string): void => {
    scribe.note('usage', 'identity-not-renewed', why);
    failing = true;
    dueAt = Math.min(dueAt, Date.now() + pauses.next());
  };
  return {
    dueAt: () => dueAt,
    notRenewed,
    async tend() {
      if (!failing) pauses.reset();
      failing = false;
      dueAt = Date.now() + timing.lookMs;
      const { contract, candidate, sellerCluster, id, workflowId } = saga.context;
      if (!contract || !sellerCluster || candidate.dialect === 'fluidos') return undefined;
      const held = { contract, seller: candidate.seller.address, sellerCluster, acquisition: id, replyTo: workflowId };
      const { state, ending, notRenewed: why } = await tending.tendContract(held);
      if (why) notRenewed(why);
      return state === 'ending' || state === 'over' ? (ending ?? { reason: 'withdrawn-by-seller' }) : undefined;
    },
  };
}
