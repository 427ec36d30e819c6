import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type IntentName, clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';
import { flavorOf, identity } from './trade.ts';

/** What a buyer waits for when the other side is away, for longer than one try. */
const { stage, trade, open, start, boughtPlace, untilSaid, end, finish } = playBuyer();
const NORTH = identity('north');
const away = new Fault('PEER_UNREACHABLE', 'nobody answers');
/** A query may be late on a busy machine; only its answer counts. */
const LATE = { timeout: 30_000 };
const linesOf = async (workflowId: string) => await stage.node.processes.journal(workflowId).catch(() => []);
const untilAtWest = (name: IntentName): Promise<void> => untilSaid(name, { state: 'in-use', place: { seller: 'west.example' } });

test('a notice whose read-back nobody answers is read back until somebody does', async () => {
  await open();
  const name = await start('unheard');
  const { acquisition, contract } = await boughtPlace(name);
  await trade.peers.endContract({ address: NORTH.address, contract, ending: { reason: 'withdrawn-by-seller' }, state: 'ending' });
  trade.peers.trouble({ address: NORTH.address, call: 'readContract', trouble: { kind: 'refuse', fault: away }, times: 3 });
  await stage.node.processes.noticeToAcquisition(acquisition);
  await untilAtWest(name);
  await expect
    .poll(() => linesOf(workflowIds.intent(name)), LATE)
    .toContainEqual(expect.objectContaining({ step: 'place-lost', detail: expect.stringContaining('withdrawn-by-seller') }));
  await finish(name);
});

test('a withdrawal whose notice never came is learnt when the node goes away, and is not taken for a breach', async () => {
  await open();
  const name = await start('unnoticed');
  const { acquisition, contract } = await boughtPlace(name);
  await trade.peers.endContract({ address: NORTH.address, contract, ending: { reason: 'withdrawn-by-seller' }, state: 'ending' });
  trade.world.setReachable(clusterId('north'), false);
  await stage.node.processes.noticeOfNode(acquisition, false);
  await untilAtWest(name);
  trade.world.setReachable(clusterId('north'), true);
  await expect
    .poll(() => linesOf(workflowIds.intent(name)), LATE)
    .toContainEqual(expect.objectContaining({ step: 'place-lost', detail: expect.stringContaining('withdrawn-by-seller') }));
  await finish(name);
});

test('what stays at a seller that knows no end is told: in the acquisition, in the intent, and in what is written down', async () => {
  await open({ sellers: [] });
  const fluidos = { ...NORTH, address: 'fluidos:3004' };
  await trade.peers.add({ identity: fluidos, dialect: 'fluidos', flavors: [flavorOf(fluidos, '0.10')] });
  await stage.database.store.knownNodes.configure([fluidos.address]);
  const name = await start('residue', { limits: {} });
  const place = await boughtPlace(name);
  await end(name);
  await stage.resultOf(name);
  await stage.allOverAndReplayed();

  const words = expect.stringMatching(new RegExp(`^contract ${place.contract} stays at north\\.example until .*no message`));
  const line = expect.objectContaining({ step: 'residue-at-peer', detail: words });
  const acquisition = workflowIds.acquisition(place.acquisition);
  await expect.poll(() => linesOf(acquisition), LATE).toContainEqual(line);
  const shown = (): Promise<unknown> =>
    stage.node.temporal.client.workflow
      .getHandle(acquisition)
      .query('__temporal_workflow_metadata')
      .catch(() => undefined);
  await expect.poll(shown, LATE).toMatchObject({ currentDetails: expect.stringContaining('**Left at the peer**: contract ') });
  const told = { status: { residue: [words] }, journal: expect.arrayContaining([line]) };
  await expect.poll(() => stage.node.processes.readIntent(name).catch(() => undefined), LATE).toMatchObject(told);
  expect(await stage.database.store.intents.get(name)).toMatchObject(told);
});

test('a seller that has too many requests of ours is left alone for as long as it says, and bought from', async () => {
  const asked: number[] = [];
  await open({ sellers: ['north'] }, ({ peers: { peers } }) => ({
    peers: {
      at(address, options) {
        const peer = peers.at(address, options);
        return {
          ...peer,
          async reserve(input) {
            asked.push(performance.now());
            if (asked.length < 4) throw new Fault('TOO_MANY_REQUESTS', 'ask again in 2 s', { retryAfterSeconds: 2 });
            return await peer.reserve(input);
          },
        };
      },
    },
  }));
  const name = await start('too-often');
  expect(await boughtPlace(name)).toMatchObject({ seller: NORTH.domain });
  const pauses = asked.slice(1).map((at, n) => at - (asked[n] ?? 0));
  // The first is a quick try within the workflow's task.
  expect(pauses.slice(1).filter((ms) => ms > 1_900)).toHaveLength(2);
  expect(asked).toHaveLength(4);
  await finish(name);
});
