/** An intent that hears nothing of an acquisition for long: the wait survives new runs of it. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { intentName, workflowIds } from '../../src/domain/ids.ts';
import { runsOf, startForgetfulTemporal } from './forgetful-temporal.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, document, openTrade } from './trade.ts';

const WITHIN = { timeout: 60_000, interval: 100 } as const;
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
let temporal: Awaited<ReturnType<typeof startForgetfulTemporal>>;
let stage: Stage;
let trade: Trade;
beforeAll(async () => {
  temporal = await startForgetfulTemporal(20);
  stage = await openStage('south', temporal.address);
});
afterEach(async () => {
  trade.fabric.heal();
  trade.cluster.heal();
  await stage.database.clear();
});
afterAll(async () => {
  await stage.close();
  await temporal.stop();
});

const start = async (word: string) => {
  const name = intentName(word);
  await stage.play(trade.deps);
  await stage.node.processes.startIntent({ name, document: document(name, { patience: '1h' }) });
  return name;
};
const untilRuns = async (name: ReturnType<typeof intentName>): Promise<void> => {
  const { client } = stage.node.temporal;
  const before = await runsOf(client, workflowIds.intent(name));
  await expect.poll(() => runsOf(client, workflowIds.intent(name)), WITHIN).toBeGreaterThan(before + 1);
};
const nothingLeft = async (): Promise<void> => {
  await stage.allOverAndReplayed();
  expect(await trade.leaks()).toEqual([]);
};
/** Our own side of an acquisition cannot be undone until it is healed. */
const neverWithdrawn = (): void => trade.fabric.plan('withdrawSlice', { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);

test('an attempt that failed and is stuck on our own side is waited for through new runs, and then another seller is tried', async () => {
  trade = await openTrade(stage.database);
  trade.fabric.plan('awaitVirtualNode', { kind: 'refuse', fault: new Fault('SLICE_DENIED', 'no') }, 1);
  neverWithdrawn();
  const name = await start('stuck-try');
  const waits = { state: 'working', waitingFor: expect.stringContaining('north.example') };
  await expect.poll(() => stage.statusOf(name).catch(() => undefined), WITHIN).toMatchObject(waits);
  await untilRuns(name);
  await expect.poll(() => stage.statusOf(name).catch(() => undefined), WITHIN).toMatchObject({ ...waits, attempts: 1 });
  trade.fabric.heal();
  await expect.poll(() => stage.statusOf(name).catch(() => undefined), WITHIN).toMatchObject({ state: 'in-use', attempts: 2 });
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await nothingLeft();
});

test('a place where nothing runs and that cannot be left yet is waited for through new runs', async () => {
  trade = await openTrade(stage.database);
  trade.cluster.plan('awaitWorkload', { kind: 'refuse', fault: new Fault('WORKLOAD_TIMEOUT', 'no pod runs there') }, 1);
  neverWithdrawn();
  const name = await start('stuck-place');
  await expect.poll(() => trade.fabric.called('withdrawSlice'), WITHIN).toBeGreaterThan(0);
  await untilRuns(name);
  trade.fabric.heal();
  await expect
    .poll(() => stage.statusOf(name).catch(() => undefined), WITHIN)
    .toMatchObject({ state: 'in-use', attempts: 2, place: { seller: 'west.example' } });
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await nothingLeft();
});

test('an intent that ends waits through new runs for what it holds to be given back on our side', async () => {
  trade = await openTrade(stage.database);
  const name = await start('stuck-end');
  await stage.untilInUse(name);
  neverWithdrawn();
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await expect.poll(() => trade.fabric.called('withdrawSlice'), WITHIN).toBeGreaterThan(0);
  await untilRuns(name);
  trade.fabric.heal();
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'ended-by-user' } });
  await nothingLeft();
});
