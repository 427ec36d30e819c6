import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { giveYoungObjectsRoom } from '../../src/runtime/young-objects.ts';

/** Bytes that a thread has for young objects when it starts. */
async function roomOfAThread(): Promise<number> {
  const code = `const { getHeapSpaceStatistics } = require('node:v8');
    require('node:worker_threads').parentPort.postMessage(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);`;
  const thread = new Worker(code, { eval: true });
  const [size] = (await once(thread, 'message')) as [number];
  await thread.terminate();
  return size;
}

test('threads that start afterwards, as those of workflows do, have room for young objects at once', async () => {
  const before = await roomOfAThread();
  giveYoungObjectsRoom();
  expect(await roomOfAThread()).toBeGreaterThanOrEqual(16 * 1024 ** 2);
  expect(before).toBeLessThan(16 * 1024 ** 2);
});
