/** What `/readyz` is told. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openReadiness } from '../../src/runtime/readiness.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-03-01T12:00:00Z') }));
afterEach(() => void vi.useRealTimers());

test('what is said again as it was is so since it was said first, and is anew when it changes', async () => {
  const readiness = openReadiness({ info() {}, warn() {} });
  const said: unknown[] = [];
  for (const words of ['broken', 'broken', 'as the file has them', 'broken']) {
    readiness.say('api tokens', words);
    vi.advanceTimersByTime(60_000);
    said.push(...(await readiness.checks()));
  }
  const check = (says: string, minute: number) => ({ name: 'api tokens', ready: true, says, since: `2026-03-01T12:0${minute}:00.000Z` });
  expect(said).toEqual([check('broken', 0), check('broken', 0), check('as the file has them', 2), check('broken', 3)]);
});
