/** What somebody closed by hand in Temporal, at a buyer: the reconciliation gives it back, with real workflows and a real server. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { acquisitionId, clusterId, intentName, taskQueues, workflowIds } from '../../src/domain/ids.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, document, openTrade } from './trade.ts';

let stage: Stage;
let trade: Trade;
let count = 0;
beforeAll(async () => {
  stage = await openStage('south');
});
afterEach(() => stage.database.clear());
afterAll(() => stage.close());

const reconcile = (): Promise<unknown> =>
  stage.node.temporal.client.workflow.execute(workflowTypes.reconcile, { workflowId: 'reconcile', taskQueue: taskQueues.forward });
/** By hand, until Temporal lists it no more: what a comparison still finds listed the next one mends. */
async function terminate(workflowId: string): Promise<void> {
  await stage.node.temporal.client.workflow.getHandle(workflowId).terminate('by hand');
  const listed = async () => (await stage.node.processes.open()).map((process) => process.workflowId);
  await expect.poll(listed, { timeout: 20_000 }).not.toContain(workflowId);
}

/** An intent in use at a seller. */
async function inUse() {
  const name = intentName(`closed-${++count}`);
  trade = await openTrade(stage.database);
  await stage.play(trade.deps);
  await stage.node.processes.startIntent({ name, document: document(name) });
  const { place } = await stage.untilInUse(name);
  if (place?.kind !== 'remote') throw new Error('it runs at home');
  return { name, acquisition: acquisitionId(place.acquisition), contract: place.contract };
}
async function nothingLeft(): Promise<void> {
  await stage.allOverAndReplayed();
  expect(await trade.leaks()).toEqual([]);
}

test('an intent that was terminated gives back its place and its namespace', async () => {
  const { name, acquisition } = await inUse();
  await expect(reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await terminate(workflowIds.intent(name));
  await expect(reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining(`namespace intent-${name}`), expect.stringContaining(`acquisition ${acquisition}`)],
    failed: [],
  });
  await nothingLeft();
  const { contracts } = stage.database.store;
  expect(await contracts.ofAcquisition(acquisition)).toMatchObject({ state: 'over', ending: { reason: 'operator' } });
});

test('an intent that was terminated gives back a namespace of the user’s, which stays', async () => {
  const name = intentName(`closed-${++count}`);
  trade = await openTrade(stage.database);
  const { namespaces } = trade.world.cluster(clusterId('south'));
  namespaces.set('mine', { name: 'mine', runId: undefined, intent: undefined, offloadedTo: undefined, workload: undefined });
  await stage.play(trade.deps);
  const more = { workload: { namespace: 'mine' }, resources: { cpu: '2', memory: '2Gi', pods: '5' } };
  await stage.node.processes.startIntent({ name, document: document(name, more) });
  await stage.untilInUse(name);
  await expect(reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await terminate(workflowIds.intent(name));
  await expect(reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining('namespace mine'), expect.stringContaining('released')],
    failed: [],
  });
  expect([...namespaces.keys()]).toEqual(['mine']);
  await nothingLeft();
});

test('an intent of the same name that was started since keeps what is its own', async () => {
  const { name, acquisition } = await inUse();
  await terminate(workflowIds.intent(name));
  await expect(reconcile()).resolves.toMatchObject({ failed: [] });
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(acquisition)), { timeout: 20_000 }).toBe(false);
  await stage.node.processes.startIntent({ name, document: document(name) });
  await stage.untilInUse(name);
  await expect(reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await nothingLeft();
});

test('an intent and its acquisition that were terminated: the seller is told, and the peering is left', async () => {
  const { name, acquisition } = await inUse();
  await terminate(workflowIds.intent(name));
  await terminate(workflowIds.acquisition(acquisition));
  await expect(reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining('its seller told'), expect.stringContaining(`namespace intent-${name}`)],
    failed: [],
  });
  await nothingLeft();
});

test('a user of a peering whose contract is over and whose workflow was terminated leaves it', async () => {
  const { name, acquisition, contract } = await inUse();
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(acquisition)), { timeout: 20_000 }).toBe(false);
  const user = { contract, direction: 'bought', acquisition, replyTo: workflowIds.acquisition(acquisition) } as const;
  await stage.node.processes.joinPeering(clusterId('north'), user as never);
  await expect.poll(() => stage.node.processes.peeringUsers(clusterId('north')), { timeout: 20_000 }).toEqual([user]);
  await expect(reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining(contract)], failed: [] });
  await nothingLeft();
});

test('a peering that was terminated is taken over by those that use it', async () => {
  const { name } = await inUse();
  await terminate(workflowIds.peering(clusterId('north')));
  await expect(reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining('taken over')], failed: [] });
  await expect(reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await stage.resultOf(name);
  await nothingLeft();
});

test('what a terminated peering left, and nobody uses, is taken away by the next two comparisons', async () => {
  const { name, acquisition } = await inUse();
  trade.fabric.plan('removeIdentity', { kind: 'hang' });
  await stage.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await trade.fabric.whenHanging('removeIdentity');
  await terminate(workflowIds.peering(clusterId('north')));
  trade.fabric.letGo();
  await stage.resultOf(name);
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(acquisition)), { timeout: 40_000 }).toBe(false);
  await expect(reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining('taken over for nobody')], failed: [] });
  await expect.poll(async () => (await stage.node.processes.peeringUsers(clusterId('north'))).length, { timeout: 20_000 }).toBe(1);
  await expect(reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining('contracts that are over: nobody')], failed: [] });
  await nothingLeft();
});
