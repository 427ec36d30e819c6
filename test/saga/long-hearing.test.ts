/** An intent that hears nothing of an acquisition for long: the wait survives new runs of it. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { runsOf } from './forgetful-temporal.ts';

const WITHIN = { timeout: 60_000, interval: 100 } as const;
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
const { stage, trade, open, start, untilSaid, end, over, finish } = playBuyer({ forgetful: 20 });
const patient = (name: string) => start(name, { patience: '1h' });
const untilRuns = async (name: IntentName): Promise<void> => {
  const { client } = stage.node.temporal;
  const before = await runsOf(client, workflowIds.intent(name));
  await expect.poll(() => runsOf(client, workflowIds.intent(name)), WITHIN).toBeGreaterThan(before + 1);
};
/** Our own side of an acquisition cannot be undone until it is healed. */
const neverWithdrawn = (): void => trade.fabric.plan('withdrawSlice', { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);

test('an attempt that failed and is stuck on our own side is waited for through new runs, and then another seller is tried', async () => {
  await open();
  trade.fabric.plan('awaitVirtualNode', { kind: 'refuse', fault: new Fault('SLICE_DENIED', 'no') }, 1);
  neverWithdrawn();
  const name = await patient('stuck-try');
  const waits = { state: 'working', waitingFor: expect.stringContaining('north.example') };
  await untilSaid(name, waits);
  await untilRuns(name);
  await untilSaid(name, { ...waits, attempts: 1 });
  trade.fabric.heal();
  await untilSaid(name, { state: 'in-use', attempts: 2 });
  await finish(name);
});

test('a place where nothing runs and that cannot be left yet is waited for through new runs', async () => {
  await open();
  trade.cluster.plan('awaitWorkload', { kind: 'refuse', fault: new Fault('WORKLOAD_TIMEOUT', 'no pod runs there') }, 1);
  neverWithdrawn();
  const name = await patient('stuck-place');
  await expect.poll(() => trade.fabric.called('withdrawSlice'), WITHIN).toBeGreaterThan(0);
  await untilRuns(name);
  trade.fabric.heal();
  await untilSaid(name, { state: 'in-use', attempts: 2, place: { seller: 'west.example' } });
  await finish(name);
});

test('an intent that ends waits through new runs for what it holds to be given back on our side', async () => {
  await open();
  const name = await patient('stuck-end');
  await stage.untilInUse(name);
  neverWithdrawn();
  await end(name);
  await expect.poll(() => trade.fabric.called('withdrawSlice'), WITHIN).toBeGreaterThan(0);
  await untilRuns(name);
  trade.fabric.heal();
  await over(name);
});
