/** An intent at home whose pods do not run any more: home is kept, and another place searched where it may buy. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { identity } from './trade.ts';

const WITHIN = { timeout: 30_000, interval: 50 } as const;
const SOUTH = clusterId('south');
const ROOM = { cpu: '4', memory: '8Gi', pods: '100' };
const { stage, trade, open, start, untilSaid, finish } = playBuyer();

describe('pods at home do not run any more', () => {
  const atHome = async (name: string, more?: Readonly<Record<string, unknown>>): Promise<IntentName> => {
    await open({ home: ROOM, sellers: ['north'] });
    const intent = await start(name, more);
    expect((await stage.untilInUse(intent)).place).toMatchObject({ kind: 'local' });
    return intent;
  };
  const happens = async (name: IntentName, room: typeof ROOM): Promise<void> => {
    trade.world.cluster(SOUTH).capacity = room;
    trade.world.changed();
    await stage.node.processes.noticeOfWorkload(name);
  };
  const NONE = { cpu: '0', memory: '0', pods: '0' };
  const north = identity('north').address;
  const noneIsSold = (): void =>
    trade.peers.trouble({
      address: north,
      call: 'reserve',
      trouble: { kind: 'refuse', fault: new Fault('NOT_ENOUGH', 'sold out') },
      times: Number.POSITIVE_INFINITY,
    });
  const stepsOf = async (name: IntentName): Promise<readonly string[]> =>
    (await stage.node.processes.journal(workflowIds.intent(name))).map(({ step }) => step);

  test('who may buy goes to a seller', async () => {
    const name = await atHome('moves-out');
    await happens(name, NONE);
    await untilSaid(name, { state: 'in-use', place: { kind: 'remote', seller: 'north.example' } });
    expect(await stepsOf(name)).toEqual(expect.arrayContaining(['pods-do-not-run', 'place-lost']));
    expect((await stage.statusOf(name))?.used).toMatchObject([
      { namespace: `intent-${name}`, until: expect.any(Number) },
      { seller: 'north.example', from: expect.any(Number) },
    ]);
    await finish(name);
  });

  test('who may not buy says that it waits, and that it runs again', async () => {
    const name = await atHome('stays', { placement: 'local' });
    await happens(name, NONE);
    await untilSaid(name, {
      state: 'working',
      waitingFor: expect.stringContaining('pods at home that do not run'),
      place: { kind: 'local' },
    });
    await happens(name, ROOM);
    await untilSaid(name, { state: 'in-use', place: { kind: 'local' } });
    expect((await stepsOf(name)).filter((step) => step.startsWith('pods-'))).toEqual(['pods-do-not-run', 'pods-run']);
    await finish(name);
  });

  test('nobody sells, and it runs again: it is at home still', async () => {
    const name = await atHome('comes-back', { patience: '3650d' });
    noneIsSold();
    await happens(name, NONE);
    await untilSaid(name, { phase: 'discovery', waitingFor: expect.stringContaining('sold out') });
    trade.world.cluster(SOUTH).capacity = ROOM;
    await untilSaid(name, { state: 'in-use', place: { kind: 'local' } });
    await finish(name);
  });

  test('nobody sells for as long as its patience lasts: it waits at home, and searches again', async () => {
    const name = await atHome('waits-on', { patience: '1s' });
    noneIsSold();
    await happens(name, NONE);
    await expect.poll(() => stepsOf(name), WITHIN).toContain('place-kept');
    await untilSaid(name, { waitingFor: expect.stringContaining('pods at home that do not run') });
    trade.peers.heal();
    await untilSaid(name, { state: 'in-use', place: { kind: 'remote' } });
    await finish(name);
  });

  test('it does not run at the seller either: it is brought back, and the namespace sent to nobody', async () => {
    const name = await atHome('back-home', { patience: '3650d' });
    trade.cluster.plan('awaitWorkload', { kind: 'refuse', fault: new Fault('WORKLOAD_TIMEOUT', 'not there') }, 1);
    await happens(name, NONE);
    await expect.poll(() => trade.cluster.called('awaitWorkload'), WITHIN).toBeGreaterThan(1);
    noneIsSold();
    trade.world.cluster(SOUTH).capacity = ROOM;
    await untilSaid(name, { state: 'in-use', place: { kind: 'local' } });
    expect(trade.world.objects().filter((line) => line.includes('offloading'))).toEqual([]);
    await finish(name);
  });
});
