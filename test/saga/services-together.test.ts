/** A place and its services: all of them or nothing, also later, when one of them is lost. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, acquisitionId, clusterId, contractId } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const { stage, trade, open, start, untilSaid, finish, nothingLeft } = playBuyer();
const DATABASE = { name: 'db', category: 'database', configuration: { database: 'orders' } };
const NORTH = identity('north').address;
let count = 0;
const begin = (more: Readonly<Record<string, unknown>> = {}): Promise<IntentName> =>
  start(`together-${++count}`, { services: [DATABASE], ...more });
const secretOf = (name: IntentName) => trade.world.cluster(clusterId('south')).handedOver.get(`intent-${name}/db`)?.values;
const reserved = (): number => trade.peers.calls().filter(({ call, outcome }) => call === 'reserve' && outcome === 'answered').length;
const planOf = async (name: IntentName) => (await stage.node.processes.readIntent(name))?.plan ?? [];

test('the database first, then the place, so that no pod waits for its Secret; both are given back', async () => {
  const seen: (object | undefined)[] = [];
  await open({ databases: ['north'] }, ({ deps, world }) => ({
    cluster: {
      ...deps.cluster,
      applyWorkload: async (input) => {
        seen.push(world.cluster(clusterId('south')).handedOver.get(`${input.namespace}/db`)?.values);
        await deps.cluster.applyWorkload(input);
      },
    },
  }));
  const name = await begin();
  const status = await stage.untilInUse(name);
  expect(status).toMatchObject({
    place: { kind: 'remote', seller: 'north.example' },
    services: [{ name: 'db', state: 'held', seller: 'north.example' }],
    hourly: { currency: 'EUR' },
  });
  // 0.10 of the database, and two pods' part of a place for 0.10.
  expect(Number(status.hourly?.amount)).toBeGreaterThan(0.1);
  expect(seen).toEqual([secretOf(name)]);
  expect(secretOf(name)).toMatchObject({ username: 'user' });
  expect(await planOf(name)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ service: 'db', seller: 'north.example', verdict: 'held' }),
      expect.objectContaining({ seller: 'north.example', verdict: 'held' }),
    ]),
  );
  await finish(name);
  expect((await trade.deps.intents.get(name))?.status.services).toMatchObject([{ name: 'db', state: 'over' }]);
});

test('a database that nobody sells: no place is reserved either, and the intent says why it fails', async () => {
  await open();
  const name = await begin({ patience: '1s' });
  await expect(stage.resultOf(name)).rejects.toMatchObject({
    cause: { message: expect.stringContaining('service db: nobody offers such a service') },
  });
  expect(reserved()).toBe(0);
  await nothingLeft();
});

test('a configuration that no template takes: nothing is reserved, and the plan says what is wrong with it, without its values', async () => {
  await open({ databases: ['north', 'west'] });
  const name = await begin({ patience: '1s', services: [{ ...DATABASE, configuration: { databse: 'hunter-two' } }] });
  const why =
    /service db: \S+ of north\.example: .*configuration: the seller's schema refuses what the intent says: configuration\.databse is not a known field/;
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { message: expect.stringMatching(why) } });
  expect(reserved()).toBe(0);
  const plan = (await trade.deps.intents.get(name))?.plan.filter(({ service }) => service === 'db') ?? [];
  expect(plan.map(({ verdict }) => verdict)).toEqual(['refused', 'refused']);
  expect(plan[0]?.reasons).toContain(
    "configuration: the seller's schema refuses what the intent says: configuration.databse is not a known field; did you mean database?",
  );
  expect(JSON.stringify(plan)).not.toContain('hunter-two');
  await nothingLeft();
});

test('two services, of which the second cannot be handed over: the first is given back, no place is bought', async () => {
  await open({ databases: ['north', 'west'] });
  for (const { address } of [identity('north'), identity('west')])
    trade.peers.trouble({
      address,
      call: 'handover',
      trouble: { kind: 'refuse', fault: new Fault('PEER_REFUSED', 'not this one') },
      times: address === NORTH ? 1 : Number.POSITIVE_INFINITY,
    });
  const second = { ...DATABASE, name: 'archive' };
  const name = await begin({ patience: '1s', services: [DATABASE, second] });
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { message: expect.stringContaining('service archive') } });
  expect(trade.fabric.called('requestSlice')).toBe(0);
  await nothingLeft();
});

test('a place that cannot be had: the database is given back before the search goes on, and is bought again with it', async () => {
  await open({ databases: ['north'], sellers: ['north'] });
  trade.fabric.plan('awaitVirtualNode', { kind: 'refuse', fault: new Fault('SLICE_DENIED', 'not now') }, 1);
  const name = await begin();
  await stage.untilInUse(name);
  const attempts = await stage.node.processes.acquisitionsOf(name);
  // Database, place; database, place.
  expect(attempts.length).toBe(4);
  const [first, , third] = attempts;
  if (!first || !third) throw new Error('four attempts');
  expect((await trade.deps.contracts.ofAcquisition(first))?.state).toBe('over');
  expect((await trade.deps.contracts.ofAcquisition(third))?.state).toBe('active');
  await finish(name);
});

const holder = async (name: IntentName) => {
  const [service] = (await stage.untilInUse(name)).services ?? [];
  if (!service?.contract || !service.acquisition) throw new Error('nobody holds it');
  return { ...service, contract: contractId(service.contract), acquisition: acquisitionId(service.acquisition) };
};
const withdraw = async ({ contract, acquisition }: Awaited<ReturnType<typeof holder>>): Promise<void> => {
  await trade.peers.endContract({ address: NORTH, contract, ending: { reason: 'withdrawn-by-seller', detail: 'sorry' } });
  await stage.node.processes.noticeToAcquisition(acquisition);
};

test('a database whose seller withdraws: another one is bought, its Secret takes the place of the old one, the workload stays', async () => {
  await open({ databases: ['north', 'west'] });
  const name = await begin();
  const old = await holder(name);
  const { place } = await stage.untilInUse(name);
  const before = secretOf(name);
  await withdraw(old);
  await untilSaid(name, { state: 'in-use', services: [{ state: 'held', seller: 'west.example' }] });
  expect(secretOf(name)).not.toEqual(before);
  const after = await stage.untilInUse(name);
  expect(after.place).toEqual(place);
  expect(after.used?.filter(({ service }) => service === 'db')).toMatchObject([
    { seller: 'north.example', contract: old.contract, until: expect.any(Number), cost: expect.any(String) },
    { seller: 'west.example', from: expect.any(Number) },
  ]);
  const journal = (await stage.node.processes.readIntent(name))?.journal ?? [];
  expect(journal.map(({ step, detail }) => `${step} ${detail ?? ''}`)).toContainEqual(
    'service-lost db of north.example: withdrawn-by-seller (sorry)',
  );
  // What is left of the old one must not take the new one's Secret along.
  await expect.poll(() => stage.node.processes.isOpen(`acquisition/${old.acquisition}`), { timeout: 20_000 }).toBe(false);
  expect(secretOf(name)).toMatchObject({ password: expect.stringContaining('made-for') });
  await finish(name);
});

test('a database whose seller withdraws, and no other one: the intent ends and says why, its place is given back', async () => {
  await open({ databases: ['north'], timing: { sellerGraceMs: 500 } });
  const name = await begin({ patience: '1s' });
  const old = await holder(name);
  trade.peers.trouble({
    address: NORTH,
    call: 'reserve',
    trouble: { kind: 'refuse', fault: new Fault('PEER_REFUSED', 'not to you') },
    times: Number.POSITIVE_INFINITY,
  });
  await withdraw(old);
  await expect(stage.resultOf(name)).rejects.toMatchObject({ cause: { message: expect.stringContaining('service db') } });
  await nothingLeft();
});

test('a budget counts the services too', async () => {
  await open({ databases: ['north'], home: { cpu: '8', memory: '16Gi', pods: '100' } });
  const name = await begin({ budget: { amount: '0.0001', currency: 'EUR' } });
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'budget' } });
  await nothingLeft();
});
