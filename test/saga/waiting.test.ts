import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractId, intentName, workflowIds } from '../../src/domain/ids.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, document, flavorOf, identity, openTrade } from './trade.ts';

/** What a buyer waits for when the other side is away, for longer than one try. */
let stage: Stage;
let trade: Trade;
beforeAll(async () => {
  stage = await openStage('south');
});
afterEach(async () => {
  trade.peers.heal();
  trade.fabric.heal();
  await stage.database.clear();
});
afterAll(() => stage.close());

const NORTH = identity('north');
const away = new Fault('PEER_UNREACHABLE', 'nobody answers');
async function bought(name: ReturnType<typeof intentName>) {
  await stage.play(trade.deps);
  await stage.node.processes.startIntent({ name, document: document(name) });
  const { place } = await stage.untilInUse(name);
  if (place?.kind !== 'remote') throw new Error('it was bought');
  return { acquisition: acquisitionId(place.acquisition), contract: contractId(place.contract) };
}
/** A query may be late on a busy machine; only its answer counts. */
const LATE = { timeout: 30_000 };
const linesOf = async (workflowId: string) => await stage.node.processes.journal(workflowId).catch(() => []);
async function end(name: ReturnType<typeof intentName>): Promise<void> {
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await expect(stage.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'ended-by-user' } });
  await stage.allOverAndReplayed();
  expect(await trade.leaks()).toEqual([]);
}
const untilAtWest = (name: ReturnType<typeof intentName>): Promise<void> =>
  expect.poll(() => stage.statusOf(name), { timeout: 30_000 }).toMatchObject({ state: 'in-use', place: { seller: 'west.example' } });

test('a notice whose read-back nobody answers is read back until somebody does', async () => {
  trade = await openTrade(stage.database);
  const name = intentName('unheard');
  const { acquisition, contract } = await bought(name);
  await trade.peers.endContract({ address: NORTH.address, contract, ending: { reason: 'withdrawn-by-seller' }, state: 'ending' });
  trade.peers.trouble({ address: NORTH.address, call: 'readContract', trouble: { kind: 'refuse', fault: away }, times: 3 });
  await stage.node.processes.noticeToAcquisition(acquisition);
  await untilAtWest(name);
  await expect
    .poll(() => linesOf(workflowIds.intent(name)), LATE)
    .toContainEqual(expect.objectContaining({ step: 'place-lost', detail: expect.stringContaining('withdrawn-by-seller') }));
  await end(name);
});

test('a withdrawal whose notice never came is learnt when the node goes away, and is not taken for a breach', async () => {
  trade = await openTrade(stage.database);
  const name = intentName('unnoticed');
  const { acquisition, contract } = await bought(name);
  await trade.peers.endContract({ address: NORTH.address, contract, ending: { reason: 'withdrawn-by-seller' }, state: 'ending' });
  trade.world.setReachable(clusterId('north'), false);
  await stage.node.processes.noticeOfNode(acquisition, false);
  await untilAtWest(name);
  trade.world.setReachable(clusterId('north'), true);
  await expect
    .poll(() => linesOf(workflowIds.intent(name)), LATE)
    .toContainEqual(expect.objectContaining({ step: 'place-lost', detail: expect.stringContaining('withdrawn-by-seller') }));
  await end(name);
});

test('what stays at a seller that knows no end is told: in the acquisition, in the intent, and in what is written down', async () => {
  trade = await openTrade(stage.database, { sellers: [] });
  const fluidos = { ...NORTH, address: 'fluidos:3004' };
  await trade.peers.add({ identity: fluidos, dialect: 'fluidos', flavors: [flavorOf(fluidos, '0.10')] });
  await stage.database.store.knownNodes.configure([fluidos.address]);
  const name = intentName('residue');
  await stage.play(trade.deps);
  await stage.node.processes.startIntent({ name, document: document(name, { limits: {} }) });
  const { place } = await stage.untilInUse(name);
  if (place?.kind !== 'remote') throw new Error('it was bought');
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await stage.allOverAndReplayed();

  const words = expect.stringMatching(new RegExp(`^contract ${place.contract} stays at north\\.example until .*no message`));
  const line = expect.objectContaining({ step: 'residue-at-peer', detail: words });
  const acquisition = workflowIds.acquisition(acquisitionId(place.acquisition));
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
