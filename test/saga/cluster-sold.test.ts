/** A whole node that sells its cluster: what its nodes have is bought, and what they have no more ends as a breach, of which the buyer hears. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Contract } from '../../src/domain/contract.ts';
import { sized, workerOf } from '../fakes/cluster-nodes.ts';
import { type Pair, openPair } from './pair.ts';
import { document } from './trade.ts';

const WITHIN = { timeout: 30_000, interval: 100 } as const;
let pair: Pair;
beforeAll(async () => {
  pair = await openPair({ sellers: ['north'], sell: { prices: { cpu: '0.01', currency: 'EUR' } } });
  await pair.untilReady();
});
afterAll(() => pair.stop());

const sold = async (living: boolean): Promise<readonly Contract[]> => {
  const answer = await fetch(`${pair.api.north}/api/v1/contracts?living=${living}`);
  return ((await answer.json()) as { readonly items: readonly Contract[] }).items;
};

test('what is sold of a node that is gone, and fits nowhere else, ends as a breach; the buyer hears of it, and buys where there is room', async () => {
  const { show } = pair.nodes.north;
  await show(workerOf('first'));
  expect(await pair.rearguard('south', ['intent', 'run', '-f', 'x', '--watch'], document('shop'))).toMatchObject({ exit: 0, err: '' });
  const [bought] = await sold(true);
  const id = bought?.terms.id;
  // A node of the same size takes its place, but its owner needs it: later on there is room.
  await show(workerOf('second', { own: sized(10) }));
  const over = async () => (await sold(false)).find(({ terms }) => terms.id === id)?.ending;
  await expect.poll(over, WITHIN).toEqual({ reason: 'breach', detail: expect.stringContaining('were sold') });
  await show(workerOf('second'));
  await expect
    .poll(async () => (await sold(true)).filter(({ terms, state }) => terms.id !== id && state === 'active').length, WITHIN)
    .toBe(1);
  const ended = await pair.rearguard('south', ['intent', 'end', 'shop', '--watch']);
  expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('ended: ended-by-user')]);
  await pair.allOverAndReplayed();
});
