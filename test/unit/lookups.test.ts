import { expect, test } from 'vitest';
import { boundedLookups } from '../../src/http/rear/lookups.ts';

/** A question that stays open until it is answered. */
function open() {
  let answer = (): void => {};
  const asked = new Promise<string>((resolve) => {
    answer = () => resolve('keys');
  });
  return { ask: () => asked, answer: () => answer() };
}

test('one source has us ask eight nodes at a time, each as often as it likes; others are not kept waiting', async () => {
  const lookUp = boundedLookups(0);
  const eight = Array.from({ length: 8 }, open);
  const under = eight.map(({ ask }, n) => lookUp('192.0.2.1', `node${n}:1`, ask));
  const again = lookUp('192.0.2.1', 'node0:1', eight[0]?.ask ?? (async () => ''));
  const never = (): never => {
    throw new Error('asked all the same');
  };
  await expect(lookUp('192.0.2.1', 'node8:1', never)).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
  expect(await lookUp('192.0.2.2', 'node8:1', async () => 'theirs')).toBe('theirs');
  expect(await lookUp(undefined, 'node8:1', async () => 'ours')).toBe('ours');
  for (const { answer } of eight) answer();
  expect(await Promise.all([...under, again])).toEqual(Array.from({ length: 9 }, () => 'keys'));
  expect(await lookUp('192.0.2.1', 'node8:1', async () => 'now')).toBe('now');
  await expect(lookUp('192.0.2.1', 'node9:1', async () => await Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  for (let n = 0; n < 9; n += 1) expect(await lookUp('192.0.2.1', `more${n}:1`, async () => 'free')).toBe('free');
});

test('how soon a failure is known is not told, but to our own machine', async () => {
  const lookUp = boundedLookups(200);
  const gone = async () => await Promise.reject(new Error('gone'));
  const taken = async (source: string | undefined): Promise<number> => {
    const since = performance.now();
    await expect(lookUp(source, 'node:1', gone)).rejects.toThrow('gone');
    return performance.now() - since;
  };
  expect(await taken('192.0.2.1')).toBeGreaterThanOrEqual(199);
  expect(await taken(undefined)).toBeLessThan(199);
});
