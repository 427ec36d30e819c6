import { expect, test } from 'vitest';
import { keepSealing } from '../../src/runtime/sealing.ts';

test('what cannot be sealed is told and tried again, tampering is told, and a stop ends it at once', async () => {
  const said: string[] = [];
  const stop = new AbortController();
  let calls = 0;
  const sealing = keepSealing({
    everyMs: 1,
    signal: stop.signal,
    log: { error: (facts, words) => void said.push(`${words} ${JSON.stringify(facts)}`) },
    chain: {
      async seal() {
        calls += 1;
        if (calls === 1) throw new Error('the disk is full');
        if (calls === 2) return { sealed: 0, broken: 'a tail is gone' };
        return { sealed: 1 };
      },
    },
  });
  await expect.poll(() => calls).toBeGreaterThan(3);
  expect(said).toEqual([expect.stringContaining('the disk is full'), expect.stringContaining('a tail is gone')]);
  stop.abort();
  await sealing;
});
