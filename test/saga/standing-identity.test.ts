/** A purchase that finds our identity at its seller standing joins the peering and asks for the slice in the same breath, and both are undone whatever becomes of its answer. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const { stage, trade, open, start, boughtPlace, untilSaid, end, over } = playBuyer();
const NORTH = identity('north').address;
const usersOfNorth = async (): Promise<readonly string[]> =>
  (await stage.node.processes.peeringUsers(clusterId('north'))).map(({ contract }) => contract);
/** The activities that the acquisition of an intent's place went through. */
async function activitiesOf(name: IntentName): Promise<readonly string[]> {
  const { acquisition } = await boughtPlace(name);
  const { events } = await stage.node.temporal.client.workflow.getHandle(workflowIds.acquisition(acquisition)).fetchHistory();
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? []);
}
async function finishBoth(first: IntentName, second: IntentName): Promise<void> {
  await end(first);
  await stage.resultOf(first);
  await end(second);
  await over(second);
}

test('the first joins by itself, the second by buying; the identity outlives the one and goes with the other', async () => {
  await open();
  const first = await start('first');
  const one = await boughtPlace(first);
  expect(await activitiesOf(first)).toEqual(['buy', 'joinPeering', 'extend']);
  const second = await start('second');
  const other = await boughtPlace(second);
  expect(await activitiesOf(second)).toEqual(['buy', 'extend']);
  expect(trade.fabric.called('requestSlice')).toBe(2);
  await expect.poll(usersOfNorth).toEqual([one.contract, other.contract]);
  await finishBoth(first, second);
});

describe('joined by a purchase whose answer never comes', () => {
  test.each([
    ['what it signed is refused', { kind: 'refuse', fault: new Fault('PEER_REFUSED', 'not to you') }],
    ['nobody answers what it signed', { kind: 'lose-answer', fault: new Fault('PEER_REFUSED', 'not now') }],
  ] as const)('%s: it left the peering before another one serves', async (_name, trouble) => {
    await open();
    const first = await start('first');
    const { contract } = await boughtPlace(first);
    trade.peers.trouble({ address: NORTH, call: 'countersign', trouble });
    const second = await start('second');
    await untilSaid(second, { state: 'in-use' });
    await expect.poll(usersOfNorth).toEqual([contract]);
    await finishBoth(first, second);
  });
});

test('a slice that buying could not ask for is asked for by its own step', async () => {
  await open();
  const first = await start('first');
  await boughtPlace(first);
  trade.fabric.plan('requestSlice', { kind: 'lose-answer' });
  const second = await start('second');
  await boughtPlace(second);
  expect(trade.fabric.called('requestSlice')).toBe(3);
  await finishBoth(first, second);
});

test('a worker that dies once the slice is asked for: the purchase is finished by the next one', async () => {
  await open();
  const first = await start('first');
  const { contract } = await boughtPlace(first);
  trade.fabric.plan('requestSlice', { kind: 'hang' });
  const second = await start('second');
  await trade.fabric.whenHanging('requestSlice');
  await stage.killWorkers();
  trade.fabric.letGo();
  await stage.startWorkers();
  const other = await boughtPlace(second);
  await expect.poll(usersOfNorth).toEqual([contract, other.contract]);
  await finishBoth(first, second);
});

test('an intent that ends while its slice is asked for leaves nothing', async () => {
  await open();
  const first = await start('first');
  await boughtPlace(first);
  trade.fabric.plan('requestSlice', { kind: 'hang' });
  const second = await start('second');
  await trade.fabric.whenHanging('requestSlice');
  await end(second);
  trade.fabric.letGo();
  await stage.resultOf(second);
  await end(first);
  await over(first);
});
