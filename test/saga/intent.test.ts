import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, clusterId, intentName, taskQueues, workflowIds } from '../../src/domain/ids.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import type { JobEnd } from '../fakes/liqo-world.ts';
import { JOB } from '../fakes/samples.ts';
import { playBuyer } from './buyer.ts';
import { document, flavorOf, identity } from './trade.ts';

const { stage, trade, open, start, untilSaid, nothingLeft, end, finish } = playBuyer();
const NORTH = identity('north');
const failureOf = (name: IntentName): Promise<unknown> => stage.resultOf(name).catch((error: { cause?: unknown }) => error.cause);

test('the cheapest seller wins; its histories stay short; nothing is left after the end', async () => {
  await open();
  const name = await start('shop');
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'north.example' });
  await finish(name);
  for await (const { workflowId, historyLength } of stage.node.temporal.client.workflow.list())
    expect(historyLength, workflowId).toBeLessThanOrEqual(80);
});

test('what fits at home stays at home, and is removed at the end', async () => {
  await open({ home: { cpu: '4', memory: '8Gi', pods: '100' } });
  const name = await start('home');
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'local' });
  await finish(name);
});

const ROOM = { cpu: '4', memory: '8Gi', pods: '100' };

describe.each(['local', 'remote'] as const)('a Job of a place that is %s', (kind) => {
  const inUse = async (name: string) => {
    await open({ ...(kind === 'local' && { home: ROOM }) });
    const intent = await start(name, { workload: { manifests: [JOB] } });
    const { place } = await stage.untilInUse(intent);
    expect(place).toMatchObject({ kind });
    return { intent, namespace: place?.namespace ?? '' };
  };
  const ends = async ({ intent, namespace }: { intent: IntentName; namespace: string }, how: JobEnd) => {
    trade.world.endJob(clusterId('south'), namespace, 'once', how);
    await stage.node.processes.noticeOfWorkload(intent);
  };

  test('that is done ends its intent', async () => {
    const running = await inUse(`done-${kind}`);
    await ends(running, 'Complete');
    await expect(stage.resultOf(running.intent)).resolves.toEqual({ ending: { reason: 'done' } });
    await nothingLeft();
  });

  test('that fails ends its intent with its words', async () => {
    const running = await inUse(`fails-${kind}`);
    await ends(running, 'Failed');
    expect(await failureOf(running.intent)).toMatchObject({ message: 'the workload failed: Job once: BackoffLimitExceeded' });
    await untilSaid(running.intent, { ending: { reason: 'failed' } });
    await nothingLeft();
  });
});

test('what is told once is not told again, so a look that finds nobody there is made again before the day is over', async () => {
  await open({ home: ROOM });
  const name = await start('looks-again', { workload: { manifests: [JOB] } });
  const { place } = await stage.untilInUse(name);
  trade.cluster.plan('workloadHealth', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'not now') });
  trade.world.endJob(clusterId('south'), place?.namespace ?? '', 'once', 'Complete');
  await stage.node.processes.noticeOfWorkload(name);
  await expect(stage.resultOf(name)).resolves.toEqual({ ending: { reason: 'done' } });
  await nothingLeft();
});

test.each(['refuse', 'hang'] as const)(
  'our own API server is away when it begins (%s): it says so, places when that is back, and may be ended before',
  async (kind) => {
    await open({ home: { cpu: '4', memory: '8Gi', pods: '100' } });
    const away = new Fault('CLUSTER_UNREACHABLE', 'away for long');
    trade.cluster.plan('free', kind === 'hang' ? { kind } : { kind, fault: away }, Number.POSITIVE_INFINITY);
    const [waits, ends] = [await start(`waits-${kind}`), await start(`ends-${kind}`)];
    for (const name of [waits, ends])
      await untilSaid(name, { state: 'working', phase: 'intent', waitingFor: expect.stringContaining('our own API server') });
    await end(ends);
    await expect(stage.resultOf(ends)).resolves.toEqual({ ending: { reason: 'ended-by-user' } });
    trade.cluster.heal();
    trade.cluster.letGo();
    expect((await stage.untilInUse(waits)).place).toMatchObject({ kind: 'local' });
    await finish(waits);
  },
);

test('who wants a remote place, or a namespace of its own offloaded, does not ask what is free at home', async () => {
  await open({ home: { cpu: '4', memory: '8Gi', pods: '100' } });
  const name = await start('far', { placement: 'remote' });
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote' });
  expect(trade.cluster.called('free')).toBe(0);
  await finish(name);
});

test('a seller that fails is asked for its other flavors after everybody else', async () => {
  await open({ twice: ['north'] });
  const away = new Fault('NOT_ENOUGH', 'sold out');
  trade.peers.trouble({
    address: NORTH.address,
    call: 'reserve',
    trouble: { kind: 'refuse', fault: away },
    times: Number.POSITIVE_INFINITY,
  });
  const name = await start('crowd');
  expect(await stage.untilInUse(name)).toMatchObject({ attempts: 2, place: { seller: 'west.example' } });
  await finish(name);
});

test('a place that is not even bought leaves no trace of a namespace', async () => {
  await open({ sellers: ['north'], timing: { discoveryPauseMs: 60_000, discoveryPauseMaxMs: 60_000 } });
  const soldOut = new Fault('NOT_ENOUGH', 'sold out');
  trade.peers.trouble({ address: NORTH.address, call: 'reserve', trouble: { kind: 'refuse', fault: soldOut } });
  const name = await start('refused', { patience: '1h' });
  // Who waits is told until when.
  await untilSaid(name, { waitingFor: expect.stringMatching(/^capacity, until 2\d{3}-\d\d-\d\dT[\d:.]+Z: .*sold out/) });
  expect(trade.cluster.called('offload')).toBe(0);
  expect([...trade.world.cluster(clusterId('south')).namespaces.values()]).toEqual([]);
  await finish(name);
});

test('a place that was bought and came to nothing leaves the namespace offloaded to nobody, and nothing of the workload was applied', async () => {
  await open({ sellers: ['north'], timing: { virtualNodeMs: 3_000, discoveryPauseMs: 60_000, discoveryPauseMaxMs: 60_000 } });
  for (const wait of ['awaitVirtualNode', 'awaitNode'] as const) trade.fabric.plan(wait, { kind: 'hang' });
  const name = await start('no-node', { patience: '1h' });
  const offloaded = () => [...trade.world.cluster(clusterId('south')).namespaces.values()].map(({ offloadedTo }) => offloadedTo);
  // The seller let the slice in, and goes away before there is a node.
  await expect.poll(offloaded, { timeout: 20_000 }).toEqual([['north']]);
  trade.world.setReachable(clusterId('north'), false);
  trade.fabric.letGo();
  await untilSaid(name, { waitingFor: expect.stringContaining('capacity, until ') });
  expect(offloaded()).toEqual([[]]);
  // What was made ready for it was told to stop, and has not failed.
  const { journal = [] } = (await stage.node.processes.readIntent(name)) ?? {};
  expect(journal.filter(({ outcome }) => outcome !== 'done').map(({ step, outcome, detail }) => [step, outcome, detail])).toEqual([
    ['workload', 'stopped', 'nobody waits for it any more'],
  ]);
  expect(trade.cluster.called('applyWorkload')).toBe(0);
  trade.world.setReachable(clusterId('north'), true);
  await finish(name);
});

test.each([
  ['deadline', { deadline: '2s' }],
  ['budget', { budget: { amount: '0.000007', currency: 'EUR' } }],
] as const)('it ends by its %s, and everything is given back', async (reason, more) => {
  await open();
  const name = await start(`ends-by-${reason}`, more);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason } });
  await nothingLeft();
});

test('nothing to buy: it fails when its patience is over, and says of each offer and node why', async () => {
  await open();
  trade.peers.setReachable(identity('west').address, false);
  const name = await start('dear', { patience: '1s', limits: { price: { amount: '0.001', currency: 'EUR', period: 'hourly' } } });
  await expect(failureOf(name)).resolves.toMatchObject({
    type: 'INTENT_FAILED',
    message: expect.stringMatching(/NO_CANDIDATE.*costs .*west:3004: PEER_UNREACHABLE/),
  });
  // A query may be late on a busy machine; only its answer counts.
  const plan = async () => (await stage.node.processes.readIntent(name).catch(() => undefined))?.plan;
  await expect.poll(plan, { timeout: 30_000 }).toMatchObject([{ verdict: 'refused' }]);
  await nothingLeft();
});

test('cancelled in Temporal: unwound like any other end', async () => {
  await open();
  const name = await start('cancelled');
  await stage.untilInUse(name);
  await stage.node.temporal.client.workflow.getHandle(workflowIds.intent(name)).cancel();
  await expect(failureOf(name)).resolves.toMatchObject({ name: 'CancelledFailure' });
  await nothingLeft();
});

test('a namespace of the user’s is offloaded, and left alone at the end', async () => {
  await open();
  trade.world
    .cluster(clusterId('south'))
    .namespaces.set('mine', { name: 'mine', runId: undefined, intent: undefined, offloadedTo: undefined, workload: undefined });
  const name = await start('offloads', { workload: { namespace: 'mine' }, resources: { cpu: '2', memory: '2Gi', pods: '5' } });
  await stage.untilInUse(name);
  expect(trade.world.cluster(clusterId('south')).namespaces.get('mine')?.offloadedTo).toEqual(['north']);
  await finish(name);
  expect(trade.world.cluster(clusterId('south')).namespaces.has('mine')).toBe(true);
});

test('a plain Temporal client may start it, and is told everything that is wrong', async () => {
  await open();
  const { workflow } = stage.node.temporal.client;
  const wrong = await workflow
    .execute(workflowTypes.intent, {
      workflowId: 'intent/wrong',
      taskQueue: taskQueues.forward,
      args: [{ apiVersion: 'rearguard.dev/v1', kind: 'Intent', metadata: { name: 'wrong' }, spec: { lmits: {} } }],
    })
    .catch((error: { cause?: unknown }) => error.cause);
  expect(wrong).toMatchObject({ type: 'INTENT_INVALID', message: expect.stringMatching(/lmits.*limits/s) });
  await untilSaid(intentName('wrong'), { state: 'ended', ending: { reason: 'failed' } });
  await workflow.start(workflowTypes.intent, { workflowId: 'intent/plain', taskQueue: taskQueues.forward, args: [document('plain')] });
  await stage.untilInUse(intentName('plain'));
  await finish(intentName('plain'));
});

test('a seller of FLUIDOS’s dialect knows no release: what it keeps is residue there, and nothing is stuck here', async () => {
  await open({ sellers: [] });
  const fluidos = { ...identity('north'), address: 'fluidos:3004' };
  await trade.peers.add({ identity: fluidos, dialect: 'fluidos', flavors: [flavorOf(fluidos, '0.10')] });
  await stage.database.store.knownNodes.configure([fluidos.address]);
  const name = await start('legacy', { limits: {} });
  await stage.untilInUse(name);
  await end(name);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'ended-by-user' } });
  await stage.allOverAndReplayed();
  expect((await trade.leaks()).filter((leak) => !leak.startsWith('contract '))).toEqual([]);
});
