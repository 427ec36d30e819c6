/** What a held place goes through besides its steps: the daily renewal, a liar, and many failed attempts. */
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type AcquisitionId, clusterId, workflowIds } from '../../src/domain/ids.ts';
import type { Trouble } from '../fakes/troubles.ts';
import { playBuyer } from './buyer.ts';
import { type Trade, flavorOf, identity } from './trade.ts';

const WITHIN = { timeout: 40_000, interval: 50 } as const;
const NORTH = identity('north').address;
const WEST = identity('west').address;
const { stage, trade, open, start, boughtPlace, loseNorth, end, over, finish } = playBuyer();

const always = (trouble: Trouble, address: string): void =>
  trade.peers.trouble({ address, call: 'reserve', trouble, times: Number.POSITIVE_INFINITY });

describe('the renewal of a token before it ends', () => {
  /** Workers of its own, which look at what they hold twice a second instead of once a day. */
  const openDaily = async (change?: (trade: Trade) => Partial<Trade['deps']>): Promise<void> => {
    await stage.killWorkers();
    await open({ sellers: ['north'], timing: { lookMs: 500 } }, change);
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

  const notRenewed = async (acquisition: AcquisitionId): Promise<readonly (string | undefined)[]> =>
    (await stage.node.processes.journal(workflowIds.acquisition(acquisition)).catch(() => []))
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
    await openDaily(({ peers: { peers } }) => {
      const at: typeof peers.at = (address, options) => {
        const peer = peers.at(address, options);
        return {
          ...peer,
          refreshCredentials: async (input) => ({ ...(await peer.refreshCredentials(input)), clusterId: clusterId('west') }),
        };
      };
      return { peers: { at } };
    });
    const name = await start('lied-to');
    const place = await boughtPlace(name);
    await expect.poll(() => notRenewed(place.acquisition), WITHIN).toContainEqual(expect.stringContaining('PEER_LIED'));
    const { contract } = place;
    const lies = (await trade.deps.audit.page({ contract, limit: 100 })).items.filter(({ kind }) => kind === 'peer-lied');
    expect(lies.at(-1)).toMatchObject({ peer: identity('north').id, facts: { code: 'PEER_LIED', count: 1 } });
    expect(trade.fabric.called('storeCredentials')).toBe(1);
    expect((await stage.untilInUse(name)).place).toEqual(place);
    await finish(name);
  });

  test('a seller that takes ten seconds an answer is asked to its end, and our identity there renewed', async () => {
    await openDaily(({ peers: { peers } }) => {
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
      return { peers: { at } };
    });
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
    const { contract } = place;
    await trade.peers.endContract({ address: NORTH, contract, ending: { reason: 'withdrawn-by-seller' }, state: 'ending' });
    await stage.node.processes.noticeToAcquisition(place.acquisition);
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
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let stored = 0;
    await openDaily(({ fabric: { port } }) => {
      const storeCredentials: typeof port.storeCredentials = async (input) => {
        stored += 1;
        if (stored === 2) await gate;
        return await port.storeCredentials(input);
      };
      return { fabric: { ...port, storeCredentials } };
    });
    const name = await start('late');
    await stage.untilInUse(name);
    await expect.poll(() => stored, WITHIN).toBe(2);
    await end(name);
    // Whoever does not wait for the renewal is over by then.
    const isOver = async (): Promise<boolean> => (await stage.node.processes.open()).length === 0;
    for (const until = Date.now() + 2_500; Date.now() < until && !(await isOver()); ) await setTimeout(100);
    goOn();
    await over(name);
  });
});

test('a seller under the cluster of another one is a liar: the other’s peering stays as it is', async () => {
  await open({ sellers: ['north'] });
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
  await end(name);
  await finish(honest);
});

test('the held place is not forgotten among more failed attempts than an intent remembers', async () => {
  await open({ sellers: ['north'] });
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
  expect(await stage.node.processes.isOpen(workflowIds.acquisition(place.acquisition))).toBe(true);
  trade.world.setReachable(clusterId('north'), true);
  await finish(name);
});
