import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAmounts } from '../../src/domain/money.ts';
import { type Stretch, spentBy, usedUpAt } from '../../src/domain/spending.ts';

const HOUR = 3_600_000;
const T = 1_000 * HOUR;
const over = (hours: number): Stretch => ({ hourly: '1', from: T - hours * HOUR, until: T });

describe('what is spent', () => {
  it.each<[string, string, readonly Stretch[], string]>([
    ['nothing', '0', [], '0'],
    ['what was before', '3', [], '3'],
    ['what is over, at its price', '0', [over(2), { hourly: '0.5', from: T, until: T + HOUR }], '2.5'],
    ['what goes on, so far', '1', [{ hourly: '0.5', from: T }], '2'],
    [
      'two places at once, while one is kept',
      '0',
      [
        { hourly: '0.5', from: T },
        { hourly: '2', from: T + HOUR },
      ],
      '3',
    ],
  ])('%s', (_what, before, stretches, wanted) => expect(spentBy(before, stretches, T + 2 * HOUR)).toBe(wanted));
});

describe('when a budget is used up', () => {
  it.each<[string, string, string, readonly Stretch[], number | undefined]>([
    ['nothing costs', '5', '0', [], undefined],
    ['what is over leaves some', '5', '1', [over(3)], undefined],
    ['what is over used it up, though nothing runs', '5', '1', [over(4)], 0],
    ['one place', '2', '1', [{ hourly: '0.5', from: T }], T + 2 * HOUR],
    [
      'two at once',
      '4',
      '0',
      [
        { hourly: '0.5', from: T },
        { hourly: '2', from: T + HOUR },
      ],
      T + HOUR + (3.5 / 2.5) * HOUR,
    ],
    ['a place that costs nothing', '5', '0', [{ hourly: '0', from: T }], undefined],
    ['a budget of nothing, and a place that costs nothing', '0', '0', [{ hourly: '0', from: T }], undefined],
    ['a budget of nothing, and one that costs', '0', '0', [{ hourly: '1', from: T }], T],
  ])('%s', (_what, budget, before, stretches, wanted) => expect(usedUpAt(budget, before, stretches)).toBe(wanted));

  it('never later than it is, and at most a millisecond earlier for each thing that costs', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.array(
          fc.record({
            hourly: fc.integer({ min: 1, max: 99 }).map((cents) => `${cents / 100}`),
            from: fc.integer({ min: T, max: T + HOUR }),
          }),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        (budget, running) => {
          const at = usedUpAt(`${budget}`, '0', running) ?? Number.NaN;
          const latest = Math.max(...running.map(({ from }) => from));
          expect(compareAmounts(spentBy('0', running, at + 1 + running.length), `${budget}`)).toBeGreaterThanOrEqual(0);
          if (at > latest) expect(compareAmounts(spentBy('0', running, at - 1), `${budget}`)).toBeLessThanOrEqual(0);
        },
      ),
    ));
});
