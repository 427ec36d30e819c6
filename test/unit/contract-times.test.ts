import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ends, type HeldStretch, budgetEndsAt, costSoFar, nextEnd } from '../../src/domain/contract-times.ts';
import { LONGEST_MS, parseDuration } from '../../src/domain/duration.ts';
import { addAmounts, compareAmounts } from '../../src/domain/money.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2030-01-01T00:00:00Z');
const eur = (amount: string) => ({ amount, currency: 'EUR' });
const held = (amount: string, from: number, to?: number): HeldStretch => ({
  hourly: eur(amount),
  from: START + from,
  ...(to === undefined ? {} : { to: START + to }),
});

describe('parseDuration', () => {
  it.each<[string, number | undefined]>([
    ['20ms', 20],
    ['1.5s', 1500],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['0s', 0],
    ['0.5ms', 1],
    ['3650d', LONGEST_MS],
    ['3651d', undefined],
    ['', undefined],
    ['10', undefined],
    ['m', undefined],
    ['-1m', undefined],
    ['1 m', undefined],
    ['1w', undefined],
    ['1M', undefined],
    ['PT1H', undefined],
    ['1h'.repeat(40), undefined],
  ])('%j', (text, ms) => expect(parseDuration(text)).toBe(ms));
});

describe('costSoFar', () => {
  it.each<[string, readonly HeldStretch[], number, string]>([
    ['nothing held', [], DAY, '0'],
    ['held still', [held('0.5', 0)], 3 * HOUR, '1.5'],
    ['held and given back', [held('0.5', 0, HOUR)], 3 * HOUR, '0.5'],
    ['two that overlap while a workload moves', [held('1', 0, 2 * HOUR), held('2', HOUR)], 3 * HOUR, '6'],
    ['not begun yet', [held('1', 5 * HOUR)], HOUR, '0'],
    ['no price', [{ from: START }], DAY, '0'],
    ['another currency', [{ hourly: { amount: '1', currency: 'USD' }, from: START }], DAY, '0'],
    ['the same currency in other letters', [{ hourly: { amount: '1', currency: 'eur' }, from: START }], HOUR, '1'],
  ])('%s', (_, stretches, after, cost) => expect(costSoFar(stretches, 'EUR', START + after)).toBe(cost));
});

describe('budgetEndsAt', () => {
  it.each<[string, readonly HeldStretch[], number, number | undefined]>([
    ['nothing held', [], 0, undefined],
    ['held free of charge', [held('0', 0)], HOUR, undefined],
    ['ten at one an hour', [held('1', 0)], 0, 10 * HOUR],
    ['the same, asked later', [held('1', 0)], 4 * HOUR, 10 * HOUR],
    ['after something dearer was given back', [held('3', 0, 2 * HOUR), held('1', 2 * HOUR)], 2 * HOUR, 6 * HOUR],
    ['while two overlap', [held('1', 0), held('3', 2 * HOUR)], 2 * HOUR, 4 * HOUR],
    ['used up', [held('1', 0)], 12 * HOUR, 12 * HOUR],
    ['used up, and nothing held any more', [held('1', 0, 12 * HOUR)], 13 * HOUR, 13 * HOUR],
    ['next to nothing', [held('0.000000000001', 0)], 0, LONGEST_MS],
  ])('%s', (_, stretches, now, at) =>
    expect(budgetEndsAt(eur('10'), stretches, START + now)).toBe(at === undefined ? undefined : START + at),
  );

  it('is never exceeded at its end, and would be two milliseconds later', () => {
    const rate = fc.integer({ min: 100, max: 1_000_000 }).map((n) => `${n / 1000}`);
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: DAY }), (rates, now) => {
        const stretches = rates.map((amount, i) => held(amount, i * 1000));
        const at = budgetEndsAt(eur('5000'), stretches, START + Math.max(now, 4000)) ?? 0;
        if (at <= START + Math.max(now, 4000)) return compareAmounts(costSoFar(stretches, 'EUR', at), '5000') >= 0;
        // Each stretch is rounded up by itself, which may cost a millisecond.
        const most = addAmounts('5000', '0.000000000004');
        return (
          compareAmounts(costSoFar(stretches, 'EUR', at), most) <= 0 && compareAmounts(costSoFar(stretches, 'EUR', at + 2), '5000') > 0
        );
      }),
    );
  });
});

describe('nextEnd', () => {
  const ends = (more: Partial<Ends>): Ends => ({ stretches: [], ...more });
  const [one, two] = ['2030-01-01T01:00:00.000Z', '2030-01-01T02:00:00.000Z'];
  it.each<[string, Ends, string | undefined]>([
    ['nothing', ends({}), undefined],
    ['a deadline', ends({ deadline: one }), `deadline ${one}`],
    ['an expiry before it', ends({ deadline: two, expiresAt: one }), `expired ${one}`],
    ['both at once: the user is first', ends({ deadline: one, expiresAt: one }), `deadline ${one}`],
    ['a budget before both', ends({ deadline: two, expiresAt: two, budget: eur('1'), stretches: [held('1', 0)] }), `budget ${one}`],
    ['a budget that nothing uses', ends({ budget: eur('1') }), undefined],
    ['an expiry that is no time', ends({ expiresAt: 'never' }), undefined],
  ])('%s', (_, input, expected) => {
    const next = nextEnd(input, START);
    expect(next && `${next.ending.reason} ${new Date(next.at).toISOString()}`).toBe(expected);
  });
});

describe('a year', () => {
  /** Lives by nextEnd alone, as a workflow does, looking once a day; a contract that expires is renewed or the intent moves. */
  const live = (budget: string | undefined, deadline: string | undefined, lifetimeDays: number) => {
    const prices = ['0.02', '0.05', '0.01'];
    const stretches: HeldStretch[] = [{ hourly: eur('0.02'), from: START }];
    let [now, turn, looks] = [START, 0, 0];
    let expiresAt = new Date(START + lifetimeDays * DAY).toISOString();
    for (;;) {
      const next = nextEnd({ expiresAt, stretches, ...(deadline ? { deadline } : {}), ...(budget ? { budget: eur(budget) } : {}) }, now);
      if (!next || now > START + 366 * DAY) return { now, reason: 'never', stretches, looks };
      if (next.at > now) {
        now = Math.min(next.at, now + DAY);
        looks += 1;
        continue;
      }
      if (next.ending.reason !== 'expired') return { now, reason: next.ending.reason, stretches, looks };
      turn += 1;
      const last = stretches.at(-1);
      if (last) stretches[stretches.length - 1] = { ...last, to: now };
      stretches.push({ hourly: eur(prices[turn % 3] ?? '0'), from: now });
      expiresAt = new Date(now + lifetimeDays * DAY).toISOString();
    }
  };

  it('ends at its deadline, to the millisecond', () => {
    const { now, reason, looks } = live(undefined, '2030-12-31T23:59:59.999Z', 90);
    expect([new Date(now).toISOString(), reason]).toEqual(['2030-12-31T23:59:59.999Z', 'deadline']);
    expect(looks).toBeLessThan(365 + 5);
  });

  it('ends when its budget is used up, over contracts of three prices', () => {
    // 90 days at 0.02 are 43.2, 90 at 0.05 are 108, and the rest, 8.8, lasts 880 hours at 0.01.
    const { now, reason, stretches } = live('160', '2031-12-31T00:00:00Z', 90);
    expect([reason, (now - START) / HOUR]).toEqual(['budget', 180 * 24 + 880]);
    expect(costSoFar(stretches, 'EUR', now)).toBe('160');
  });

  it('costs what its contracts cost', () => {
    const { stretches, reason } = live(undefined, undefined, 30);
    expect(reason).toBe('never');
    expect(costSoFar(stretches, 'EUR', START + 360 * DAY)).toBe('230.4');
  });
});
