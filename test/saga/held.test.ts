/** What a held place goes through besides its steps: the daily renewal, a liar, many failed attempts, and a budget that a kept place uses up. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractId, intentName, workflowIds } from '../../src/domain/ids.ts';
import type { Trouble } from '../fakes/troubles.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, document, flavorOf, identity, openTrade } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const WEST = identity('west').address;
let stage: Stage;
let trade: Trade;
beforeAll(async () => {
  stage = await openStage('south');
});
afterEach(async () => {
  trade.peers.heal();
  trade.fabric.heal();
  trade.cluster.heal();
  await stage.database.clear();
});
afterAll(() => stage.close());

const start = async (name: string, more?: Readonly<Record<string, unknown>>) => {
  await stage.play(trade.deps);
  await stage.node.processes.startIntent({ name: intentName(name), document: document(name, more) });
  return intentName(name);
};
const boughtPlace = async (name: ReturnType<typeof intentName>) => {
  const { place } = await stage.untilInUse(name);
  if (place?.kind !== 'remote') throw new Error('it was bought');
  return place;
};
const nothingLeft = async (): Promise<void> => {
  await stage.allOverAndReplayed();
  expect(await trade.leaks()).toEqual([]);
};
const finish = async (name: ReturnType<typeof intentName>): Promise<void> => {
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'ended-by-user' } });
  await nothingLeft();
};
const loseNorth = async (acquisition: string): Promise<void> => {
  trade.world.setReachable(clusterId('north'), false);
  await stage.node.processes.noticeOfNode(acquisitionId(acquisition), false);
};
/** One of its eight CPUs, at 0.10 EUR an hour for all of them. */
const secondsAtNorth = (seconds: number) => ({ amount: ((0.0125 * seconds) / 3_600).toFixed(9), currency: 'EUR' });
const untilSpent = (name: ReturnType<typeof intentName>): Promise<void> =>
  expect.poll(() => stage.statusOf(name).catch(() => undefined), WITHIN).toMatchObject({ ending: { reason: 'budget' } });
/** When the workload began to run at each of its places. */
const servedAt = async (name: ReturnType<typeof intentName>): Promise<readonly (number | undefined)[]> =>
  (await stage.node.processes.journal(workflowIds.intent(name)))
    .filter(({ step, direction, outcome }) => step === 'workload' && direction === 'do' && outcome === 'done')
    .map(({ endedAt }) => endedAt);
const always = (trouble: Trouble, address: string): void =>
  trade.peers.trouble({ address, call: 'reserve', trouble, times: Number.POSITIVE_INFINITY });

describe('the renewal of a token before it ends', () => {
  /** Workers of its own, which look at what they hold twice a second instead of once a day. */
  const openDaily = async (): Promise<void> => {
    await stage.killWorkers();
    trade = await openTrade(stage.database, { sellers: ['north'], timing: { lookMs: 500 } });
  };
  afterEach(() => stage.killWorkers());
  const renewed = (): number =>
    trade.peers.calls().filter(({ call, outcome }) => call === 'refreshCredentials' && outcome === 'answered').length;

  test('a new token is stored, and given to the identity that Liqo uses', async () => {
    await openDaily();
    const name = await start('renewed');
    await stage.untilInUse(name);
    const before = trade.fabric.called('ensureIdentity');
    await expect.poll(renewed, WITHIN).toBeGreaterThan(0);
    await expect.poll(() => trade.fabric.called('ensureIdentity'), WITHIN).toBeGreaterThan(before);
    expect(trade.fabric.called('storeCredentials')).toBeGreaterThan(1);
    await finish(name);
  });

  test.each([
    ['refused', { kind: 'refuse', fault: new Fault('PEER_REFUSED', 'not to you') }],
    ['answer lost after it took effect', { kind: 'lose-answer' }],
    ['the seller is away', { kind: 'refuse', fault: new Fault('PEER_UNREACHABLE', 'away') }],
  ] as const)('%s: the place is held on, and the next look renews', async (_name, trouble) => {
    await openDaily();
    trade.peers.trouble({ address: NORTH, call: 'refreshCredentials', trouble, times: 2 });
    const name = await start('not-renewed');
    const place = await boughtPlace(name);
    await expect.poll(renewed, WITHIN).toBeGreaterThan(0);
    expect((await stage.untilInUse(name)).place).toEqual(place);
    await finish(name);
  });

  const notRenewed = async (acquisition: string): Promise<readonly (string | undefined)[]> =>
    (await stage.node.processes.journal(workflowIds.acquisition(acquisitionId(acquisition))).catch(() => []))
      .filter(({ step }) => step === 'identity-not-renewed')
      .map(({ detail }) => detail);

  test.each([
    ['our own API server refuses', new Fault('CLUSTER_REFUSED', 'forbidden')],
    ['the seller’s credentials are refused', new Fault('KUBECONFIG_REFUSED', 'another cluster’s')],
  ] as const)('the peering cannot store it, %s: the place is held on, the journal says why, and it is tried again', async (_who, fault) => {
    await openDaily();
    const name = await start('not-stored');
    const place = await boughtPlace(name);
    trade.fabric.plan('ensureIdentity', { kind: 'refuse', fault }, 1);
    await expect.poll(() => notRenewed(place.acquisition), WITHIN).toContainEqual(expect.stringContaining(fault.code));
    const before = trade.fabric.called('ensureIdentity');
    await expect.poll(() => trade.fabric.called('ensureIdentity'), WITHIN).toBeGreaterThan(before);
    expect((await stage.untilInUse(name)).place).toEqual(place);
    await finish(name);
  });

  test('new credentials that name another cluster are refused before they are stored, and end nothing', async () => {
    await openDaily();
    const { peers } = trade.deps;
    const at: typeof peers.at = (address, options) => {
      const peer = peers.at(address, options);
      return {
        ...peer,
        refreshCredentials: async (input) => ({ ...(await peer.refreshCredentials(input)), clusterId: clusterId('west') }),
      };
    };
    trade = { ...trade, deps: { ...trade.deps, peers: { at } } };
    const name = await start('lied-to');
    const place = await boughtPlace(name);
    await expect.poll(() => notRenewed(place.acquisition), WITHIN).toContainEqual(expect.stringContaining('PEER_LIED'));
    expect(trade.fabric.called('storeCredentials')).toBe(1);
    expect((await stage.untilInUse(name)).place).toEqual(place);
    await finish(name);
  });

  test('a seller that takes ten seconds an answer is asked to its end, and our identity there renewed', async () => {
    await openDaily();
    const { peers } = trade.deps;
    const at: typeof peers.at = (address, options) => {
      const { readContract, refreshCredentials, ...peer } = peers.at(address, options);
      const slow =
        <I, O>(call: (input: I) => Promise<O>) =>
        async (input: I): Promise<O> => {
          await setTimeout(10_000, undefined, options);
          return await call(input);
        };
      return { ...peer, readContract: slow(readContract), refreshCredentials: slow(refreshCredentials) };
    };
    trade = { ...trade, deps: { ...trade.deps, peers: { at } } };
    const name = await start('slow');
    await stage.untilInUse(name);
    const before = trade.fabric.called('ensureIdentity');
    await expect.poll(() => trade.fabric.called('ensureIdentity'), WITHIN).toBeGreaterThan(before);
    await finish(name);
  });

  test('a seller that never answers the daily look keeps no other news waiting', async () => {
    await openDaily();
    trade.peers.trouble({ address: NORTH, call: 'readContract', trouble: { kind: 'hang', when: 'before' } });
    const name = await start('hanging');
    const place = await boughtPlace(name);
    await trade.peers.whenHanging('readContract');
    const contract = contractId(place.contract);
    await trade.peers.endContract({ address: NORTH, contract, ending: { reason: 'withdrawn-by-seller' }, state: 'ending' });
    await stage.node.processes.noticeToAcquisition(acquisitionId(place.acquisition));
    // The look itself would be tried again after 35 s.
    const lines = () => stage.node.processes.journal(workflowIds.intent(name)).catch(() => []);
    await expect
      .poll(lines, { ...WITHIN, timeout: 12_000 })
      .toContainEqual(expect.objectContaining({ step: 'place-lost', detail: expect.stringContaining('withdrawn-by-seller') }));
    await finish(name);
  });

  test('worker killed in the middle: the next one goes on', async () => {
    await openDaily();
    trade.peers.trouble({ address: NORTH, call: 'refreshCredentials', trouble: { kind: 'hang', when: 'after' } });
    const name = await start('killed');
    await stage.untilInUse(name);
    await trade.peers.whenHanging('refreshCredentials');
    await stage.killWorkers();
    trade.peers.abortHanging();
    await stage.startWorkers();
    await expect.poll(renewed, WITHIN).toBeGreaterThan(0);
    await finish(name);
  });

  test('ended in the middle: what comes late is not stored after the teardown, and joins no peering', async () => {
    await openDaily();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let stored = 0;
    const { fabric } = trade.deps;
    const storeCredentials: typeof fabric.storeCredentials = async (input) => {
      stored += 1;
      if (stored === 2) await gate;
      await fabric.storeCredentials(input);
    };
    trade = { ...trade, deps: { ...trade.deps, fabric: { ...fabric, storeCredentials } } };
    const name = await start('late');
    await stage.untilInUse(name);
    await expect.poll(() => stored, WITHIN).toBe(2);
    await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
    // Whoever does not wait for the renewal is over by then.
    const over = async (): Promise<boolean> => (await stage.node.processes.open()).length === 0;
    for (const until = Date.now() + 2_500; Date.now() < until && !(await over()); ) await setTimeout(100);
    open();
    await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'ended-by-user' } });
    await nothingLeft();
  });
});

test('a seller under the cluster of another one is a liar: the other’s peering stays as it is', async () => {
  trade = await openTrade(stage.database, { sellers: ['north'] });
  const honest = await start('honest');
  await stage.untilInUse(honest);
  const liar = { ...identity('west'), clusterId: clusterId('north') };
  await trade.peers.add({ identity: liar, flavors: [flavorOf(liar, '0.05')] });
  await stage.database.store.knownNodes.configure([NORTH, WEST]);
  const name = await start('lured');
  expect((await stage.untilInUse(name)).place).toMatchObject({ kind: 'remote', seller: 'north.example' });
  const plan = (await stage.node.processes.readIntent(name))?.plan ?? [];
  expect(plan).toContainEqual(
    expect.objectContaining({ verdict: 'failed', reasons: expect.arrayContaining([expect.stringContaining('PEER_LIED')]) }),
  );
  // The liar's kubeconfig went nowhere: one of each honest contract is stored.
  expect(trade.fabric.called('storeCredentials')).toBe(2);
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await finish(honest);
});

test('the held place is not forgotten among more failed attempts than an intent remembers', async () => {
  trade = await openTrade(stage.database, { sellers: ['north'] });
  const west = identity('west');
  const many = Array.from({ length: 20 }, () => flavorOf(west, '0.20'));
  const name = await start('many', { patience: '3650d' });
  const place = await boughtPlace(name);
  await trade.peers.add({ identity: west, flavors: many });
  await stage.database.store.knownNodes.configure([NORTH, WEST]);
  always({ kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') }, NORTH);
  always({ kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') }, WEST);
  await loseNorth(place.acquisition);
  await expect
    .poll(async () => (await stage.statusOf(name).catch(() => undefined))?.attempts, { ...WITHIN, timeout: 90_000 })
    .toBeGreaterThan(55);
  expect(await stage.node.processes.isOpen(workflowIds.acquisition(acquisitionId(place.acquisition)))).toBe(true);
  trade.world.setReachable(clusterId('north'), true);
  await finish(name);
});

test('a budget counts what a kept place cost while another one was searched, and before', async () => {
  trade = await openTrade(stage.database);
  trade.peers.setReachable(WEST, false);
  const name = await start('thrifty', { patience: '3650d', budget: secondsAtNorth(10) });
  const place = await boughtPlace(name);
  always({ kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') }, NORTH);
  await loseNorth(place.acquisition);
  // More than half of it is used up at north.
  const [bought] = await servedAt(name);
  await expect.poll(() => Date.now() - (bought ?? 0), WITHIN).toBeGreaterThan(6_000);
  trade.peers.setReachable(WEST, true);
  await untilSpent(name);
  const endedAt = Date.now();
  const [first = 0, moved = 0] = await servedAt(name);
  // West costs twice as much. What north cost would be another 6 s, had it been forgotten.
  expect((moved - first + 2 * (endedAt - moved)) / 1_000).toBeLessThan(15);
  trade.world.setReachable(clusterId('north'), true);
  await nothingLeft();
});

test('a budget ends the search for another place, while the kept one uses it up', async () => {
  trade = await openTrade(stage.database, { sellers: ['north'] });
  const name = await start('broke', { patience: '3650d', budget: secondsAtNorth(5) });
  const place = await boughtPlace(name);
  always({ kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') }, NORTH);
  await loseNorth(place.acquisition);
  await untilSpent(name);
  trade.world.setReachable(clusterId('north'), true);
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'budget' } });
  await nothingLeft();
});
