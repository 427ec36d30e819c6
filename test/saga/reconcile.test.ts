/** What somebody closed by hand in Temporal, at a buyer: the reconciliation gives it back, with real workflows and a real server. */
import { expect, test } from 'vitest';
import { clusterId, workflowIds } from '../../src/domain/ids.ts';
import { playBuyer } from './buyer.ts';

const { stage, trade, open, start, boughtPlace, nothingLeft, end, finish } = playBuyer();
let count = 0;

/** An intent in use at a seller. */
async function inUse() {
  await open();
  const name = await start(`closed-${++count}`);
  return { name, ...(await boughtPlace(name)) };
}

test('an intent that was terminated gives back its place and its namespace', async () => {
  const { name, acquisition } = await inUse();
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await stage.terminate(workflowIds.intent(name));
  await expect(stage.reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining(`namespace intent-${name}`), expect.stringContaining(`acquisition ${acquisition}`)],
    failed: [],
  });
  await nothingLeft();
  const { contracts } = stage.database.store;
  expect(await contracts.ofAcquisition(acquisition)).toMatchObject({ state: 'over', ending: { reason: 'operator' } });
});

test('an intent that was terminated gives back a namespace of the user’s, which stays', async () => {
  await open();
  const { namespaces } = trade.world.cluster(clusterId('south'));
  namespaces.set('mine', { name: 'mine', runId: undefined, intent: undefined, offloadedTo: undefined, workload: undefined });
  const more = { workload: { namespace: 'mine' }, resources: { cpu: '2', memory: '2Gi', pods: '5' } };
  const name = await start(`closed-${++count}`, more);
  await stage.untilInUse(name);
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await stage.terminate(workflowIds.intent(name));
  await expect(stage.reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining('namespace mine'), expect.stringContaining('released')],
    failed: [],
  });
  expect([...namespaces.keys()]).toEqual(['mine']);
  await nothingLeft();
});

test('an intent of the same name that was started since keeps what is its own', async () => {
  const { name, acquisition } = await inUse();
  await stage.terminate(workflowIds.intent(name));
  await expect(stage.reconcile()).resolves.toMatchObject({ failed: [] });
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(acquisition)), { timeout: 20_000 }).toBe(false);
  await start(name);
  await stage.untilInUse(name);
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await finish(name);
});

test('an intent and its acquisition that were terminated: the seller is told, and the peering is left', async () => {
  const { name, acquisition } = await inUse();
  await stage.terminate(workflowIds.intent(name));
  await stage.terminate(workflowIds.acquisition(acquisition));
  await expect(stage.reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining('its seller told'), expect.stringContaining(`namespace intent-${name}`)],
    failed: [],
  });
  await nothingLeft();
});

test('a user of a peering whose contract is over and whose workflow was terminated leaves it', async () => {
  const { name, acquisition, contract } = await inUse();
  await end(name);
  await stage.resultOf(name);
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(acquisition)), { timeout: 20_000 }).toBe(false);
  const user = { contract, direction: 'bought', acquisition, replyTo: workflowIds.acquisition(acquisition) } as const;
  await stage.node.processes.joinPeering(clusterId('north'), user as never);
  await expect.poll(() => stage.node.processes.peeringUsers(clusterId('north')), { timeout: 20_000 }).toEqual([user]);
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining(contract)], failed: [] });
  await nothingLeft();
});

test('a peering that was terminated is taken over by those that use it', async () => {
  const { name } = await inUse();
  await stage.terminate(workflowIds.peering(clusterId('north')));
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining('taken over')], failed: [] });
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [], failed: [] });
  await finish(name);
});

test('what a terminated peering left, and nobody uses, is taken away by the next two comparisons', async () => {
  const { name, acquisition } = await inUse();
  trade.fabric.plan('removeIdentity', { kind: 'hang' });
  await end(name);
  await trade.fabric.whenHanging('removeIdentity');
  await stage.terminate(workflowIds.peering(clusterId('north')));
  trade.fabric.letGo();
  await stage.resultOf(name);
  await expect.poll(() => stage.node.processes.isOpen(workflowIds.acquisition(acquisition)), { timeout: 40_000 }).toBe(false);
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining('taken over for nobody')], failed: [] });
  await expect.poll(async () => (await stage.node.processes.peeringUsers(clusterId('north'))).length, { timeout: 20_000 }).toBe(1);
  await expect(stage.reconcile()).resolves.toMatchObject({
    mended: [expect.stringContaining('contracts that are over: nobody')],
    failed: [],
  });
  await nothingLeft();
});
