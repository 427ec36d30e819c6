/** Two clocks, a minute apart at most: whichever is ahead, the buyer has stopped before the seller ends. */
import { describe, expect, test } from 'vitest';
import { endsAt, stopsAt } from '../../src/domain/clock-skew.ts';
import { DEFAULT_TIMING } from '../../src/domain/timing.ts';
import type { Acquisition } from '../../workflows/consumer/acquisition.ts';
import { lastUse } from '../../workflows/consumer/renewal.ts';

const SKEW = { clockSkewMs: 60_000 };
const BOUGHT = 1_000_000;

describe.each([
  ['a year', 365 * 86_400_000],
  ['an hour', 3_600_000],
  ['five minutes', 300_000],
  ['one minute', 60_000],
])('of a contract of %s', (_, lifetime) => {
  const expiresAt = BOUGHT + lifetime;
  test.each([-60_000, -1, 0, 1, 60_000])('the buyer stops before its seller ends, its clock %i ms ahead', (aheadMs) => {
    // What the buyer's clock shows later is later by so much less at the seller.
    const stopsAtSellers = stopsAt(expiresAt, BOUGHT, SKEW) - aheadMs;
    expect(stopsAtSellers).toBeLessThan(endsAt(expiresAt, SKEW));
  });

  test('it is used for nine tenths of its time at least, and not until its end', () => {
    const used = stopsAt(expiresAt, BOUGHT, SKEW) - BOUGHT;
    expect(used).toBeGreaterThanOrEqual(0.9 * lifetime);
    expect(used).toBeLessThan(lifetime);
  });
});

test('a run from before there was a grace has none, and still ends', () => {
  expect(endsAt(5_000, {})).toBe(5_000);
  expect(stopsAt(5_000, 0, {})).toBe(5_000);
});

test.each([20_000, 60_000, 599_000, 600_000, 86_400_000])(
  'of a notice of %i ms nine tenths are used at least, and never its end',
  (noticeMs) => {
    const noticedAt = BOUGHT + 3_600_000;
    const heard = { expiresAt: noticedAt + noticeMs, boughtAt: BOUGHT, noticedAt } as Acquisition;
    const used = lastUse(heard, DEFAULT_TIMING) - noticedAt;
    expect(used).toBeGreaterThanOrEqual(0.9 * noticeMs);
    expect(used).toBeLessThan(noticeMs);
    // With clocks a minute apart it stops before its seller ends.
    expect(lastUse(heard, DEFAULT_TIMING) + 60_000).toBeLessThan(endsAt(noticedAt + noticeMs, SKEW));
  },
);
