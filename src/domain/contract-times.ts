import { LONGEST_MS } from './duration.ts';
import { addAmounts, compareAmounts, costOf, lastsFor, sameCurrency, subtractAmounts } from './money.ts';
import type { Ending } from './reasons.ts';

/** Every time here is in milliseconds since the epoch. */

export interface Amount {
  readonly amount: string;
  readonly currency: string;
}

/** A stretch of time for which a contract was held; without an end it is held still. While a workload moves, two overlap and both cost. */
export interface HeldStretch {
  readonly hourly?: Amount;
  readonly from: number;
  readonly to?: number;
}

const counts = ({ hourly }: HeldStretch, currency: string): boolean => hourly !== undefined && sameCurrency(hourly.currency, currency);

/** What stretches cost until `now`, each rounded up. What has no price costs nothing; another currency is not counted, since nothing is converted. */
export const costSoFar = (stretches: readonly HeldStretch[], currency: string, now: number): string =>
  stretches
    .filter((each) => counts(each, currency))
    .reduce((sum, { hourly, from, to }) => addAmounts(sum, costOf(hourly?.amount ?? '0', Math.min(to ?? now, now) - from)), '0');

/** The last moment at which a budget still pays for what is held at `now`; `now` when it is used up; `undefined` when nothing held costs anything. */
export function budgetEndsAt(budget: Amount, stretches: readonly HeldStretch[], now: number): number | undefined {
  const spent = costSoFar(stretches, budget.currency, now);
  if (compareAmounts(spent, budget.amount) >= 0) return now;
  const rate = stretches
    .filter((each) => counts(each, budget.currency) && (each.to === undefined || each.to > now))
    .reduce((sum, { hourly }) => addAmounts(sum, hourly?.amount ?? '0'), '0');
  const left = lastsFor(subtractAmounts(budget.amount, spent), rate);
  return left === undefined ? undefined : now + Math.min(left, LONGEST_MS);
}

export interface Ends {
  /** RFC 3339. */
  readonly deadline?: string;
  /** Of the contract that is used, RFC 3339. */
  readonly expiresAt?: string;
  readonly budget?: Amount;
  readonly stretches: readonly HeldStretch[];
}

/** What ends something next, and when: arm one timer for it and ask again when it fires. The deadline wins a tie, since the user set it. */
export function nextEnd(
  { deadline, expiresAt, budget, stretches }: Ends,
  now: number,
): { readonly at: number; readonly ending: Ending } | undefined {
  const ends: { readonly at: number; readonly ending: Ending }[] = [];
  if (deadline !== undefined) ends.push({ at: Date.parse(deadline), ending: { reason: 'deadline', detail: deadline } });
  if (expiresAt !== undefined)
    ends.push({ at: Date.parse(expiresAt), ending: { reason: 'expired', detail: `the contract ended at ${expiresAt}` } });
  const spentAt = budget && budgetEndsAt(budget, stretches, now);
  if (budget && spentAt !== undefined) {
    const detail = `the budget of ${budget.amount} ${budget.currency} is used up`;
    ends.push({ at: spentAt, ending: { reason: 'budget', detail } });
  }
  return ends.filter(({ at }) => Number.isFinite(at)).toSorted((a, b) => a.at - b.at)[0];
}
