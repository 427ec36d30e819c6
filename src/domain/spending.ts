import { addAmounts, compareAmounts, costOf, lastsFor, sameCurrency, subtractAmounts } from './money.ts';

/** A time in which something costs; in milliseconds since the epoch. It goes on while there is no `until`. */
export interface Stretch {
  readonly hourly: string;
  readonly from: number;
  readonly until?: number;
}

const sum = (amounts: readonly string[]): string => amounts.reduce(addAmounts, '0');
const costBy = (stretches: readonly Stretch[], now: number): string =>
  sum(stretches.map(({ hourly, from, until = now }) => costOf(hourly, until - from)));

/** What was spent by now, on these stretches and `before` them. */
export const spentBy = (before: string, stretches: readonly Stretch[], now: number): string => addAmounts(before, costBy(stretches, now));

/**
 * The moment at which a budget is used up, in milliseconds since the epoch; `undefined` while nothing uses it up. It moves only with what costs, not with the time at which it is
 * asked for, so that a timer for it is set anew only then.
 */
export function usedUpAt(budget: string, before: string, stretches: readonly Stretch[]): number | undefined {
  const running = stretches.filter(({ until }) => until === undefined);
  const began = Math.max(0, ...running.map(({ from }) => from));
  const spent = spentBy(before, stretches, began);
  const each = sum(running.map(({ hourly }) => hourly));
  if (compareAmounts(spent, '0') > 0 && compareAmounts(spent, budget) >= 0) return began;
  const lasts = lastsFor(subtractAmounts(budget, spent), each);
  return lasts === undefined ? undefined : began + lasts;
}

/** What something costs altogether. */
export interface Cost {
  readonly amount: string;
  readonly currency: string;
}

/** Costs added up, currency by currency: they are never converted. */
export const inAll = (costs: readonly Cost[]): readonly Cost[] =>
  costs.reduce<readonly Cost[]>((sums, cost) => {
    const isSame = ({ currency }: Cost): boolean => sameCurrency(currency, cost.currency);
    if (!sums.some(isSame)) return [...sums, cost];
    return sums.map((each) => (isSame(each) ? { ...each, amount: addAmounts(each.amount, cost.amount) } : each));
  }, []);
