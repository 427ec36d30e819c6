/** Exact decimal money. Amounts travel as decimal strings; currencies are never mixed. */

export const PERIODS = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type Period = (typeof PERIODS)[number];

/** Hours of a period; a month is 730 hours and a year 8,760, as cloud price lists count them. */
const HOURS: Record<Period, number> = { hourly: 1, daily: 24, weekly: 168, monthly: 730, yearly: 8760 };

/** How a period is written behind a price, and nowhere otherwise. */
const PER: Record<Period, string> = { hourly: 'h', daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' };

/** A price of the whole listed flavor per period. */
export interface Price {
  readonly amount: string;
  readonly currency: string;
  readonly period: Period;
}

const DECIMAL = /^\d{1,18}(\.\d{1,12})?$/;
/** Digits behind the point that we compute with; results are rounded up to them. */
const SCALE = 12;

/** Reads a decimal amount as 10^-12 units; `undefined` when it is not one. */
export function parseAmount(text: string): bigint | undefined {
  return DECIMAL.test(text) ? units(text) : undefined;
}

/** Sums and products of amounts may be longer than what anybody may write. */
const AMOUNT = /^(\d{1,60})(?:\.(\d{1,12}))?$/;
function units(text: string): bigint {
  const found = AMOUNT.exec(text);
  if (!found) throw new Error(`not an amount: ${text}`);
  const [, whole = '0', fraction = ''] = found;
  return BigInt(whole + fraction.padEnd(SCALE, '0'));
}

/** Writes 10^-12 units without trailing zeros. */
function formatAmount(value: bigint): string {
  const text = value.toString().padStart(SCALE + 1, '0');
  const fraction = text.slice(-SCALE).replace(/0+$/, '');
  const whole = text.slice(0, -SCALE);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

const divideUp = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

/** An amount in its one spelling, so that equal ones are equal as text. */
export const canonicalAmount = (amount: string): string => formatAmount(units(amount));

/** What an hour costs, rounded up to 10^-12. */
export const hourly = (price: Price): string => formatAmount(divideUp(units(price.amount), BigInt(HOURS[price.period])));

/** A part of an amount: `numerator/denominator` of it, rounded up. */
export const share = (amount: string, numerator: bigint, denominator: bigint): string =>
  formatAmount(divideUp(units(amount) * numerator, denominator));

export const addAmounts = (a: string, b: string): string => formatAmount(units(a) + units(b));
/** The fewest digits behind the point to which people are shown an amount, and how many of those that count. */
const [SHOWN, COUNTING] = [4, 3];

/**
 * An amount as people read it: as it is where that is short; else rounded up, as all that is paid is, with a `~` before it, so that nobody takes it for exact. Whoever
 * compares takes the amount itself. What a peer wrote and is none stays as it is.
 */
export function amountWords(amount: string): string {
  if (!AMOUNT.test(amount)) return amount;
  const exact = canonicalAmount(amount);
  const [whole = '0', fraction = ''] = exact.split('.');
  const zeros = whole === '0' ? fraction.search(/[1-9]|$/) : 0;
  const digits = Math.max(SHOWN, zeros + COUNTING);
  if (fraction.length <= digits) return exact;
  const grain = 10n ** BigInt(SCALE - digits);
  return `~${formatAmount(divideUp(units(exact), grain) * grain)}`;
}

type Written = Omit<Price, 'period'> & { readonly period?: Period };
const perPeriod = (amount: string, { currency, period = 'hourly' }: Written): string => `${amount} ${currency}/${PER[period]}`;
/** A price as people read it, everywhere the same: `0.25 EUR/h`, by the hour where it has no period. */
export const priceWords = (price: Written): string => perPeriod(amountWords(price.amount), price);
/** The same to the last digit, for whoever is told that it is too much, or another. */
export const exactPriceWords = (price: Written): string =>
  perPeriod(AMOUNT.test(price.amount) ? canonicalAmount(price.amount) : price.amount, price);

/** What is left of `a` after `b`; nothing when that is more. */
export const subtractAmounts = (a: string, b: string): string => formatAmount(units(a) > units(b) ? units(a) - units(b) : 0n);

export const compareAmounts = (a: string, b: string): -1 | 0 | 1 => {
  const [x, y] = [units(a), units(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** What a stretch of milliseconds costs at an hourly amount, rounded up. */
export const costOf = (hourlyAmount: string, milliseconds: number): string =>
  share(hourlyAmount, BigInt(Math.max(0, Math.ceil(milliseconds))), 3_600_000n);

/** The milliseconds for which `amount` pays at an hourly amount; `undefined` when it costs nothing. */
export const lastsFor = (amount: string, hourlyAmount: string): number | undefined => {
  const cost = units(hourlyAmount);
  return cost === 0n ? undefined : Number((units(amount) * 3_600_000n) / cost);
};

/** Currencies are names: equal without case, never converted. */
export const sameCurrency = (a: string, b: string): boolean => a.trim().toUpperCase() === b.trim().toUpperCase();
