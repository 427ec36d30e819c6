import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as money from '../../src/domain/money.ts';

const written = fc
  .tuple(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.integer({ min: 0, max: 999_999 }))
  .map(([whole, part]) => `${whole}.${`${part}`.padStart(6, '0')}`);

const ordered = (a: string, b: string): number => money.compareAmounts(a, b);

describe('amounts', () => {
  it.each([
    ['0', 0n],
    ['0.05', 50_000_000_000n],
    ['1.000000000001', 1_000_000_000_001n],
    ['999999999999999999', 999_999_999_999_999_999n * 10n ** 12n],
  ])('reads %s', (text, value) => expect(money.parseAmount(text)).toBe(value));
  it.each(['', '-1', '+1', '1.', '.5', '1e3', '1,5', ' 1', '1 EUR', '1.0000000000001', '1'.repeat(19), 'NaN'])('refuses %j', (text) =>
    expect(money.parseAmount(text)).toBeUndefined(),
  );
  it('has one spelling', () =>
    expect(['1.50', '01.5', '1.5', '0.0', '10'].map(money.canonicalAmount)).toEqual(['1.5', '1.5', '1.5', '0', '10']));
  it('sums exactly', () => {
    expect(money.addAmounts('0.1', '0.2')).toBe('0.3');
    fc.assert(fc.property(written, (a) => money.addAmounts(a, '0') === money.canonicalAmount(a)));
    fc.assert(
      fc.property(written, written, written, (a, b, c) => ordered(money.addAmounts(a, c), money.addAmounts(b, c)) === ordered(a, b)),
    );
  });
  it('is ordered as numbers are', () =>
    expect([money.compareAmounts('9', '10'), money.compareAmounts('1.0', '1'), money.compareAmounts('0.3', '0.25')]).toEqual([-1, 0, 1]));
  it('goes past what anybody may write', () => {
    const much = money.costOf('999999999999999999', 10 * 3_600_000);
    expect(money.addAmounts(much, '0.5')).toBe('9999999999999999990.5');
  });
});

describe('hourly', () => {
  it.each([
    ['hourly', '0.07', '0.07'],
    ['daily', '2.4', '0.1'],
    ['weekly', '168', '1'],
    ['monthly', '7.3', '0.01'],
    ['yearly', '1', '0.000114155252'],
  ] as const)('%s %s', (period, amount, expected) => expect(money.hourly({ amount, currency: 'EUR', period })).toBe(expected));
});

describe('costOf and lastsFor', () => {
  it.each([
    ['1', 3_600_000, '1'],
    ['1', 1, '0.000000277778'],
    ['0.07', 1_800_000, '0.035'],
    ['3', 0, '0'],
    ['3', -5, '0'],
  ])('%s an hour for %i ms', (rate, ms, cost) => expect(money.costOf(rate, ms)).toBe(cost));
  it('pays as long as it lasts, and not a millisecond more', () =>
    fc.assert(
      fc.property(written, fc.integer({ min: 1, max: 1_000_000 }), (amount, rate) => {
        const hourly = `${rate / 1000}`;
        const left = money.lastsFor(amount, hourly) ?? 0;
        if (left > Number.MAX_SAFE_INTEGER) return true;
        return (
          money.compareAmounts(money.costOf(hourly, left), amount) <= 0 && money.compareAmounts(money.costOf(hourly, left + 1), amount) > 0
        );
      }),
    ));
  it('lasts for ever at no cost', () => expect(money.lastsFor('1', '0')).toBeUndefined());
});

it('a price to the last digit, for whoever is told that it is too much', () => {
  const price = { amount: '0.0833333333340', currency: 'EUR', period: 'daily' } as const;
  expect(money.exactPriceWords({ ...price, amount: '0.083333333330' })).toBe('0.08333333333 EUR/day');
  expect(money.exactPriceWords(price)).toBe('0.0833333333340 EUR/day');
});

describe('amountWords', () => {
  it.each([
    ['0', '0'],
    ['0.10', '0.1'],
    ['12', '12'],
    ['0.0625', '0.0625'],
    ['0.083333333334', '~0.0834'],
    ['0.000114155252', '~0.000115'],
    ['0.000000000001', '0.000000000001'],
    ['1234.567891', '~1234.5679'],
    ['0.99999999', '~1'],
    ['what a peer wrote', 'what a peer wrote'],
  ])('%s as %s', (amount, words) => expect(money.amountWords(amount)).toBe(words));
  it('is never less than the amount, and never more than 1 % more', () =>
    fc.assert(
      fc.property(written, (amount) => {
        const shown = money.amountWords(amount).replace('~', '');
        return (
          money.compareAmounts(shown, amount) >= 0 &&
          money.compareAmounts(money.subtractAmounts(shown, amount), money.share(amount, 1n, 100n)) <= 0
        );
      }),
    ));
  it('says the period behind the currency, hours where none is told', () =>
    expect(
      [...money.PERIODS, undefined].map((period) => money.priceWords({ amount: '0.50', currency: 'EUR', ...(period && { period }) })),
    ).toEqual(['0.5 EUR/h', '0.5 EUR/day', '0.5 EUR/week', '0.5 EUR/month', '0.5 EUR/year', '0.5 EUR/h']));
});

it('a currency is a name', () => expect([money.sameCurrency('EUR', ' eur'), money.sameCurrency('EUR', 'USD')]).toEqual([true, false]));
