/** The buyer's workflows in new runs of themselves: while they search, hold, and are stuck in teardown. */
import type { Client } from '@temporalio/client';
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractId, intentName, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { runsOf, saysStuck, stepsOf } from './forgetful-temporal.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 100 } as const;
const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
const { stage, trade, open, start, boughtPlace, untilSaid, nothingLeft, end, finish } = playBuyer({ forgetful: 20 });
const client = (): Client => stage.node.temporal.client;

test('searches on through new runs, with its patience, its refusals and its journal, until somebody sells', async () => {
  await open({ sellers: ['north'] });
  trade.peers.setReachable(identity('north').address, false);
  const name = await start('patient', { patience: '3650d' });
  const id = workflowIds.intent(name);
  await expect.poll(() => runsOf(client(), id), WITHIN).toBeGreaterThan(2);
  await untilSaid(name, { state: 'working', phase: 'discovery', waitingFor: expect.stringContaining('PEER_UNREACHABLE') });
  trade.peers.setReachable(identity('north').address, true);
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'north.example' });
  expect(await stepsOf(client(), id)).toEqual(expect.arrayContaining(['fits', 'discover', 'workload']));
  await finish(name);
});

test('loses patience in a later run at the time that the first one set', async () => {
  await open({ sellers: ['north'] });
  trade.peers.setReachable(identity('north').address, false);
  const name = await start('impatient', { patience: '4s' });
  const began = Date.now();
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { type: 'INTENT_FAILED' } });
  expect(Date.now() - began).toBeLessThan(15_000);
  expect(await runsOf(client(), workflowIds.intent(name))).toBeGreaterThan(1);
  await nothingLeft();
});

test('ends in the middle of a search in a later run', async () => {
  await open({ sellers: ['north'] });
  trade.peers.setReachable(identity('north').address, false);
  const name = await start('given-up', { patience: '3650d' });
  await expect.poll(() => runsOf(client(), workflowIds.intent(name)), WITHIN).toBeGreaterThan(1);
  await finish(name);
});

test('keeps its place while it searches for another one through new runs, and lets it go once that serves', async () => {
  await open();
  const west = identity('west').address;
  trade.peers.setReachable(west, false);
  const name = await start('moves', { patience: '3650d' });
  const id = workflowIds.intent(name);
  const place = await boughtPlace(name);
  const before = await runsOf(client(), id);
  trade.peers.trouble({
    address: identity('north').address,
    call: 'reserve',
    trouble: { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') },
    times: Number.POSITIVE_INFINITY,
  });
  trade.world.setReachable(clusterId('north'), false);
  await stage.node.processes.noticeOfNode(place.acquisition, false);
  await expect.poll(() => runsOf(client(), id), WITHIN).toBeGreaterThan(before + 1);
  expect(trade.world.cluster(clusterId('south')).namespaces.get(place.namespace)?.workload?.acquisition).toBe(place.acquisition);
  trade.peers.setReachable(west, true);
  await untilSaid(name, { state: 'in-use', place: { seller: 'west.example' } });
  await expect
    .poll(() => trade.world.cluster(clusterId('south')).namespaces.get(place.namespace)?.offloadedTo, WITHIN)
    .toEqual([clusterId('west')]);
  trade.world.setReachable(clusterId('north'), true);
  await finish(name);
});

test('looks for a service through new runs: before its workload runs at home, and again when it is lost', async () => {
  const [north, west] = [identity('north').address, identity('west').address];
  await open({ databases: ['north', 'west'], home: { cpu: '8', memory: '16Gi', pods: '100' } });
  for (const address of [north, west]) trade.peers.setReachable(address, false);
  const database = { name: 'db', category: 'database', configuration: { database: 'orders' } };
  const name = await start('served', { patience: '3650d', services: [database] });
  const id = workflowIds.intent(name);
  await expect.poll(() => runsOf(client(), id), WITHIN).toBeGreaterThan(2);
  trade.peers.setReachable(north, true);
  const [service] = (await stage.untilInUse(name)).services ?? [];
  expect(service).toMatchObject({ state: 'held', seller: 'north.example' });
  const sold = { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') } as const;
  trade.peers.trouble({ address: north, call: 'reserve', trouble: sold, times: Number.POSITIVE_INFINITY });
  await trade.peers.endContract({ address: north, contract: contractId(service?.contract ?? ''), ending: { reason: 'drained' } });
  await stage.node.processes.noticeToAcquisition(acquisitionId(service?.acquisition ?? ''));
  const before = await runsOf(client(), id);
  await expect.poll(() => runsOf(client(), id), WITHIN).toBeGreaterThan(before + 1);
  await untilSaid(name, { state: 'working', place: { kind: 'local' }, services: [{ state: 'wanted' }] });
  trade.peers.setReachable(west, true);
  await untilSaid(name, { state: 'in-use', place: { kind: 'local' }, services: [{ state: 'held', seller: 'west.example' }] });
  await finish(name);
});

test.each([
  ['the intent', 'cluster', 'removeNamespace', () => workflowIds.intent(intentName('stuck'))],
  ['the acquisition', 'peers', 'terminate', undefined],
  ['the peering', 'fabric', 'removeIdentity', () => workflowIds.peering(clusterId('north'))],
] as const)('%s is stuck through new runs, shows it, and is mended', async (_who, on, call, idOf) => {
  await open({ sellers: ['north'] });
  const name = await start('stuck');
  const place = await boughtPlace(name);
  const id = idOf?.() ?? workflowIds.acquisition(place.acquisition);
  if (on === 'cluster') trade.cluster.plan(call, { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);
  else if (on === 'fabric') trade.fabric.plan(call, { kind: 'refuse', fault: refused }, Number.POSITIVE_INFINITY);
  else {
    const trouble = { kind: 'refuse', fault: new Fault('PEER_REFUSED', 'not now') } as const;
    trade.peers.trouble({ address: identity('north').address, call, trouble, times: Number.POSITIVE_INFINITY });
  }
  const before = await runsOf(client(), id);
  await end(name);
  await expect.poll(() => runsOf(client(), id), WITHIN).toBeGreaterThan(before + 1);
  const stuck = async (): Promise<readonly string[]> =>
    (await stage.node.processes.open()).flatMap((open) => (open.stuck ? [open.workflowId] : []));
  await expect.poll(stuck, WITHIN).toContain(id);
  trade.peers.heal();
  trade.fabric.heal();
  trade.cluster.heal();
  for (const workflowId of await stuck()) await stage.node.processes.retryTeardown(workflowId).catch(() => undefined);
  await finish(name);
  expect(await saysStuck(client(), id)).toBe(false);
});
