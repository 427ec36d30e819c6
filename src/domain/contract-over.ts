import type { Contract } from './contract.ts';
import { END_REASONS } from './end-reasons.ts';
import { Fault } from './faults.ts';
import type { Ending } from './reasons.ts';

/** What the fault CONTRACT_OVER tells of an end, beside its words. */
export const endingFacts = ({ reason, detail }: Ending) => ({ endReason: reason, ...(detail !== undefined && { endDetail: detail }) });

/** Whoever asks something of a contract that is over hears why it ended: the reason is for both sides. */
export const contractOver = ({ terms, ending }: Pick<Contract, 'terms' | 'ending'>, words = 'this contract is over'): Fault =>
  new Fault('CONTRACT_OVER', ending ? `${words}: ${endingWords(ending)}` : words, {
    contract: terms.id,
    ...(ending && endingFacts(ending)),
  });

/** An end in one line. */
const endingWords = ({ reason, detail }: Ending): string => `${reason}${detail ? ` (${detail})` : ''}`;

/** The end that the facts of such a fault tell of. */
export function endingIn(facts: unknown): Ending | undefined {
  if (typeof facts !== 'object' || facts === null) return undefined;
  const { endReason, endDetail } = facts as { readonly endReason?: unknown; readonly endDetail?: unknown };
  const reason = END_REASONS.find((each) => each === endReason);
  return reason && { reason, ...(typeof endDetail === 'string' && { detail: endDetail }) };
}
