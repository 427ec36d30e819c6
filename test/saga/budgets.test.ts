/** Budgets: what a kept place uses up, what was bought and never served, and what is being bought. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, clusterId, workflowIds } from '../../src/domain/ids.ts';
import type { Trouble } from '../fakes/troubles.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const WEST = identity('west').address;
const { stage, trade, open, start, boughtPlace, untilSaid, loseNorth, nothingLeft } = playBuyer();

/** One of its eight CPUs, at 0.10 EUR an hour for all of them. */
const secondsAtNorth = (seconds: number) => ({ amount: ((0.0125 * seconds) / 3_600).toFixed(9), currency: 'EUR' });
const untilSpent = (name: IntentName): Promise<void> => untilSaid(name, { ending: { reason: 'budget' } });
/** When the workload began to run at each of its places. */
const servedAt = async (name: IntentName): Promise<readonly (number | undefined)[]> =>
  (await stage.node.processes.journal(workflowIds.intent(name)))
    .filter(({ step, direction, outcome }) => step === 'workload' && direction === 'do' && outcome === 'done')
    .map(({ endedAt }) => endedAt);
const always = (trouble: Trouble, address: string): void =>
  trade.peers.trouble({ address, call: 'reserve', trouble, times: Number.POSITIVE_INFINITY });

test('a budget counts what a kept place cost while another one was searched, and before', async () => {
  await open();
  trade.peers.setReachable(WEST, false);
  const name = await start('thrifty', { patience: '3650d', budget: secondsAtNorth(24) });
  const place = await boughtPlace(name);
  always({ kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') }, NORTH);
  await loseNorth(place.acquisition);
  // More than half of it is used up at north.
  const [bought] = await servedAt(name);
  await expect.poll(() => Date.now() - (bought ?? 0), WITHIN).toBeGreaterThan(12_000);
  trade.peers.setReachable(WEST, true);
  await untilSpent(name);
  const endedAt = Date.now();
  const [first = 0, moved = 0] = await servedAt(name);
  expect(moved).toBeGreaterThan(first);
  // West costs twice as much. What north cost would be another 12 s, had it been forgotten.
  expect((moved - first + 2 * (endedAt - moved)) / 1_000).toBeLessThan(30);
  trade.world.setReachable(clusterId('north'), true);
  await nothingLeft();
});

test('a budget counts what was bought and never served', async () => {
  await open({ sellers: ['north'] });
  trade.fabric.plan('requestSlice', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'not today') }, Number.POSITIVE_INFINITY);
  const name = await start('never-served', { patience: '3650d', budget: secondsAtNorth(2) });
  await untilSpent(name);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'budget' } });
  expect((await stage.statusOf(name))?.attempts).toBeGreaterThan(1);
  await nothingLeft();
});

test('a budget counts what was sold and never taken, since its credentials could not be kept', async () => {
  await open({ sellers: ['north'] });
  trade.fabric.plan('storeCredentials', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'not today') }, Number.POSITIVE_INFINITY);
  const name = await start('never-taken', { patience: '3650d', budget: secondsAtNorth(0.5) });
  await untilSpent(name);
  expect((await stage.statusOf(name))?.used?.[0]).toMatchObject({ cost: expect.stringMatching(/[1-9]/) });
  await nothingLeft();
});

test('a budget that is used up while a place is bought ends that, and what was refused costs nothing', async () => {
  await open({ timing: { virtualNodeMs: 60_000 } });
  trade.peers.trouble({ address: NORTH, call: 'purchase', trouble: { kind: 'refuse', fault: new Fault('HOLD_EXPIRED', 'too late') } });
  trade.fabric.plan('awaitVirtualNode', { kind: 'hang' });
  const name = await start('never-ready', { patience: '3650d', budget: secondsAtNorth(6) });
  await trade.fabric.whenHanging('awaitVirtualNode');
  const waitsSince = Date.now();
  await untilSpent(name);
  // West costs twice as much, and has begun to before.
  expect(Date.now() - waitsSince).toBeGreaterThan(1_500);
  expect(Date.now() - waitsSince).toBeLessThan(10_000);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'budget' } });
  await nothingLeft();
});

test('a budget ends the search for another place, while the kept one uses it up', async () => {
  await open({ sellers: ['north'] });
  const name = await start('broke', { patience: '3650d', budget: secondsAtNorth(5) });
  const place = await boughtPlace(name);
  always({ kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') }, NORTH);
  await loseNorth(place.acquisition);
  await untilSpent(name);
  trade.world.setReachable(clusterId('north'), true);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'budget' } });
  await nothingLeft();
});
