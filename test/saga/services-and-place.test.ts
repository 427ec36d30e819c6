/** An intent that lost its service and then its place, or the other way round: each loss is heard while the other's search goes on. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, acquisitionId, clusterId, contractId, workflowIds } from '../../src/domain/ids.ts';
import { JOB } from '../fakes/samples.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const { stage, trade, open, start, boughtPlace, untilSaid, loseNorth, finish, nothingLeft } = playBuyer();
const [NORTH, WEST] = [identity('north').address, identity('west').address];
const DATABASE = { name: 'db', category: 'database', configuration: { database: 'orders' } };
const DRAINED = { reason: 'drained', detail: 'rack 7' } as const;
const SOON = { timeout: 15_000, interval: 50 } as const;
let count = 0;
const begin = (more: Readonly<Record<string, unknown>> = {}): Promise<IntentName> =>
  start(`both-${++count}`, { services: [DATABASE], patience: '10m', ...more });
const held = async (name: IntentName) => {
  const [service] = (await stage.untilInUse(name)).services ?? [];
  if (!service?.contract || !service.acquisition) throw new Error('nobody holds it');
  return { contract: contractId(service.contract), acquisition: acquisitionId(service.acquisition) };
};
const secretOf = (name: IntentName) => trade.world.cluster(clusterId('south')).handedOver.get(`intent-${name}/db`)?.values;
const noted = async (name: IntentName, step: string): Promise<void> =>
  expect
    .poll(async () => (await stage.node.processes.journal(workflowIds.intent(name)).catch(() => [])).map((line) => line.step), SOON)
    .toContain(step);
const notice = async ({ contract, acquisition }: Awaited<ReturnType<typeof held>>): Promise<void> => {
  await trade.peers.giveNotice({
    address: NORTH,
    contract,
    notice: { ending: DRAINED, endsAt: new Date(Date.now() + 600_000).toISOString() },
  });
  await stage.node.processes.noticeToAcquisition(acquisition);
};
const withdraw = async ({ contract, acquisition }: Awaited<ReturnType<typeof held>>): Promise<void> => {
  await trade.peers.endContract({ address: NORTH, contract, ending: { reason: 'withdrawn-by-seller' } });
  await stage.node.processes.noticeToAcquisition(acquisition);
};
const seller = async (name: IntentName): Promise<unknown> => {
  const place = (await stage.statusOf(name))?.place;
  return place?.kind === 'remote' ? place.seller : undefined;
};

test('the place is lost while another service is searched that nobody has: it moves at once, and the old service serves on', async () => {
  await open({ databases: ['north'] });
  const name = await begin();
  const old = await held(name);
  const place = await boughtPlace(name);
  const secret = secretOf(name);
  await notice(old);
  await noted(name, 'service-lost');
  await loseNorth(place.acquisition);
  await expect.poll(() => seller(name), SOON).toBe('west.example');
  await untilSaid(name, { services: [{ state: 'wanted', contract: old.contract }] });
  expect(secretOf(name)).toEqual(secret);
  trade.world.setReachable(clusterId('north'), true);
  // Heard as soon.
  await finish(name);
});

test('the place is lost while the first service that is tried hangs: the move does not wait for it, and what is bought meanwhile is kept', async () => {
  await open({ databases: ['north', 'west'], timing: { hostingMs: 60_000 } });
  const name = await begin();
  const old = await held(name);
  const place = await boughtPlace(name);
  trade.peers.trouble({
    address: WEST,
    call: 'handover',
    trouble: { kind: 'refuse', fault: new Fault('SERVICE_PENDING', 'is made') },
    times: Number.POSITIVE_INFINITY,
  });
  await notice(old);
  await noted(name, 'service-lost');
  await expect.poll(() => trade.peers.calls().some(({ address, call }) => address === WEST && call === 'handover'), SOON).toBe(true);
  await loseNorth(place.acquisition);
  await expect.poll(() => seller(name), SOON).toBe('west.example');
  const before = (await stage.node.processes.acquisitionsOf(name)).length;
  trade.peers.heal();
  trade.world.setReachable(clusterId('north'), true);
  await untilSaid(name, { state: 'in-use', services: [{ state: 'held', seller: 'west.example' }] });
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(old.acquisition)), SOON).toBe(false);
  expect(secretOf(name)).toMatchObject({ password: expect.not.stringContaining(old.contract) });
  expect(await stage.node.processes.acquisitionsOf(name)).toHaveLength(before);
  const plan = (await stage.node.processes.readIntent(name))?.plan ?? [];
  expect(plan.find(({ service, seller: by }) => service === 'db' && by === 'west.example')).toMatchObject({ verdict: 'held' });
  await finish(name);
});

test('the service is gone while another place is searched: the search does not pause for it', async () => {
  await open({ databases: ['north', 'west'], timing: { discoveryPauseMs: 60_000, discoveryPauseMaxMs: 60_000 } });
  const name = await begin();
  const old = await held(name);
  const place = await boughtPlace(name);
  trade.peers.trouble({
    address: NORTH,
    call: 'reserve',
    trouble: { kind: 'refuse', fault: new Fault('PEER_REFUSED', 'not to you') },
    times: Number.POSITIVE_INFINITY,
  });
  trade.fabric.plan('awaitVirtualNode', { kind: 'refuse', fault: new Fault('SLICE_DENIED', 'not now') }, 1);
  await loseNorth(place.acquisition);
  await untilSaid(name, { waitingFor: expect.stringContaining('capacity') });
  await withdraw(old);
  await untilSaid(name, { state: 'in-use', services: [{ state: 'held', seller: 'west.example' }] });
  expect(await seller(name)).toBe('west.example');
  trade.world.setReachable(clusterId('north'), true);
  await finish(name);
});

test('a Job that is done while another service is searched ends its intent at once', async () => {
  await open({ databases: ['north'], home: { cpu: '8', memory: '16Gi', pods: '100' } });
  const name = await begin({ workload: { manifests: [JOB] } });
  await notice(await held(name));
  await noted(name, 'service-lost');
  trade.world.endJob(clusterId('south'), `intent-${name}`, 'once', 'Complete');
  await stage.node.processes.noticeOfWorkload(name);
  await expect(stage.resultOf(name)).resolves.toEqual({ ending: { reason: 'done' } });
  await nothingLeft();
});
