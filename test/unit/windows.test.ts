/** Calls are counted in windows of ten seconds, and of a bounded number of names. */
import { beforeEach, expect, test } from 'vitest';
import { openWindows, secondsUntil } from '../../src/http/rear/windows.ts';

let now = 0;
beforeEach(() => {
  now = 1_000_000;
});
const open = (most?: number) => openWindows(() => now, most);
const hits = (windows: ReturnType<typeof open>, ...keys: readonly string[]) => keys.map((key) => windows.get(key)?.totalHits);

test('a window begins with the first call, and is over after ten seconds', () => {
  const windows = open();
  expect(windows.get('a')).toBeUndefined();
  windows.increment('a');
  now += 6_000;
  expect(windows.increment('a').totalHits).toBe(2);
  expect(secondsUntil(windows.increment('a'), now)).toBe(4);
  now += 3_999;
  expect(hits(windows, 'a')).toEqual([3]);
  now += 1;
  expect(hits(windows, 'a')).toEqual([undefined]);
  expect(windows.increment('a').totalHits).toBe(1);
});

test('made-up names without end take no more room than the bound, and keep nobody from being served', () => {
  const windows = open(100);
  for (let n = 0; n < 100_000; n += 1) windows.increment(`made-up-${n}`);
  expect(hits(windows, 'made-up-99899', 'made-up-99900')).toEqual([undefined, 1]);
  expect(windows.increment('honest').totalHits).toBe(1);
  expect(hits(windows, 'made-up-99900')).toEqual([undefined]);
});

test('what is over makes room first', () => {
  const windows = open(2);
  windows.increment('a');
  now += 5_000;
  windows.increment('b');
  now += 5_000;
  windows.increment('c');
  expect(hits(windows, 'a', 'b', 'c')).toEqual([undefined, 1, 1]);
});

test('it can be taken back, and forgotten', () => {
  const windows = open();
  windows.increment('a');
  windows.increment('a');
  windows.decrement('a');
  windows.decrement('nobody');
  expect(hits(windows, 'a', 'nobody')).toEqual([1, undefined]);
  windows.resetKey('a');
  expect(hits(windows, 'a')).toEqual([undefined]);
});
