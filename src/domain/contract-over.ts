import type { Contract } from './contract.ts';
import { END_REASONS } from './end-reasons.ts';
import { Fault } from './faults.ts';
import type { Ending } from './reasons.ts';
import { untilOf } from './renewal.ts';

/** What the fault CONTRACT_OVER tells of an end, beside its words. */
export const endingFacts = ({ reason, detail }: Ending) => ({ endReason: reason, ...(detail !== undefined && { endDetail: detail }) });

/** Whoever asks something of a contract that is over hears why it ended: the reason is for both sides. */
export const contractOver = ({ terms, ending }: Pick<Contract, 'terms' | 'ending'>, words = 'this contract is over'): Fault =>
  new Fault('CONTRACT_OVER', ending ? `${words}: ${endingWords(ending)}` : words, {
    contract: terms.id,
    ...(ending && endingFacts(ending)),
  });

/** Why a contract ends that was not ended before. `at`: milliseconds since the epoch. */
export const expiredAt = (at: number): Ending => ({ reason: 'expired', detail: `the contract ended at ${new Date(at).toISOString()}` });

/** Why a contract that is past its end is over, whether or not somebody ended it: as it was ended, else as its seller's workflow will end it. */
export const pastItsEnd = (contract: Pick<Contract, 'terms' | 'renewedUntil' | 'notice' | 'ending'>): Ending => {
  const { ending, notice } = contract;
  const until = Date.parse(untilOf(contract));
  if (ending) return ending;
  if (notice && Date.parse(notice.endsAt) < until) return notice.ending;
  return expiredAt(until);
};

/** An end in one line. */
const endingWords = ({ reason, detail }: Ending): string => `${reason}${detail ? ` (${detail})` : ''}`;

/** The end that the facts of such a fault tell of. */
export function endingIn(facts: unknown): Ending | undefined {
  if (typeof facts !== 'object' || facts === null) return undefined;
  const { endReason, endDetail } = facts as { readonly endReason?: unknown; readonly endDetail?: unknown };
  const reason = END_REASONS.find((each) => each === endReason);
  return reason && { reason, ...(typeof endDetail === 'string' && { detail: endDetail }) };
}
