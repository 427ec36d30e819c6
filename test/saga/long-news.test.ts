/** News that come while a history gets long: the run that goes on acts on them, at once and not at its daily look. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, clusterId, contractOf, intentName, workflowIds } from '../../src/domain/ids.ts';
import type { WorkloadHealth } from '../../src/ports/cluster.ts';
import type { NodeHealth } from '../../src/ports/fabric.ts';
import { runsOf, startForgetfulTemporal } from './forgetful-temporal.ts';
import { openShop } from './shop.ts';
import { type Stage, openStage } from './stage.ts';
import { type Trade, document, openTrade } from './trade.ts';

const WITHIN = { timeout: 30_000, interval: 100 } as const;
/** After so many events a history is long. */
const LONG = 20;
let temporal: Awaited<ReturnType<typeof startForgetfulTemporal>>;
let south: Stage;
let north: Stage;
beforeAll(async () => {
  temporal = await startForgetfulTemporal(LONG);
  south = await openStage('south', temporal.address);
  north = await openStage('north', temporal.address);
});
afterEach(async () => {
  await south.database.clear();
  await north.database.clear();
});
afterAll(async () => {
  await south.close();
  await north.close();
  await temporal.stop();
});

const open = (): Promise<Trade> => openTrade(south.database, { timing: { nodeLostMs: 4_000 } });
const lengthOf = async (stage: Stage, workflowId: string): Promise<number> =>
  (await stage.node.temporal.client.workflow.getHandle(workflowId).describe()).historyLength;
/** A call that passes, until it is closed: then the next one stays in it until it is opened. */
function gate() {
  let enter = (): void => undefined;
  let open = (): void => undefined;
  let closed = false;
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    entered,
    open,
    close(): void {
      closed = true;
    },
    /** Whether this call was the one that stayed. */
    async pass(): Promise<boolean> {
      if (!closed) return false;
      closed = false;
      enter();
      await opened;
      return true;
    },
  };
}
const inUse = async (name: ReturnType<typeof intentName>) => {
  await south.node.processes.startIntent({ name, document: document(name) });
  const { place } = await south.untilInUse(name);
  if (place?.kind !== 'remote') throw new Error('it was bought');
  return place;
};
const nothingLeft = async (trade: Trade): Promise<void> => {
  await south.allOverAndReplayed();
  expect(await trade.leaks()).toEqual([]);
};
const finish = async (name: ReturnType<typeof intentName>, trade: Trade): Promise<void> => {
  await south.node.processes.endIntent(name, { reason: 'ended-by-user' });
  await expect(south.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'ended-by-user' } });
  await nothingLeft(trade);
};
/** Tells and tells, until the history is long. */
const untilLong = (stage: Stage, workflowId: string, tell: () => Promise<void>): Promise<void> =>
  expect
    .poll(async () => {
      await tell();
      return await lengthOf(stage, workflowId);
    }, WITHIN)
    .toBeGreaterThan(LONG + 2);

test('a workload that changes while it is looked at, at the end of a run, is looked at again', async () => {
  const trade = await open();
  const { cluster } = trade.deps;
  const door = gate();
  let done = false;
  const workloadHealth = async (input: Parameters<typeof cluster.workloadHealth>[0]): Promise<WorkloadHealth> => {
    const health = await cluster.workloadHealth(input);
    if (await door.pass()) return health;
    return done ? { state: 'succeeded', pods: [] } : health;
  };
  await south.play({ ...trade.deps, cluster: { ...cluster, workloadHealth } });
  const name = intentName('changes');
  await inUse(name);
  door.close();
  const tell = () => south.node.processes.noticeOfWorkload(name);
  await tell();
  await door.entered;
  done = true;
  await untilLong(south, workflowIds.intent(name), tell);
  door.open();
  await expect(south.resultOf(name)).resolves.toMatchObject({ ending: { reason: 'done' } });
  await nothingLeft(trade);
});

test('pods that do not run are counted from the first look on, however many runs the noise about them makes', async () => {
  const trade = await open();
  const { cluster } = trade.deps;
  let broken = false;
  const workloadHealth = async (input: Parameters<typeof cluster.workloadHealth>[0]): Promise<WorkloadHealth> =>
    broken ? { state: 'pending', pods: [] } : await cluster.workloadHealth(input);
  await south.play({ ...trade.deps, cluster: { ...cluster, workloadHealth } });
  const name = intentName('noisy');
  const id = workflowIds.intent(name);
  await inUse(name);
  const before = await runsOf(south.node.temporal.client, id);
  broken = true;
  const steps = async (): Promise<readonly string[]> => {
    await south.node.processes.noticeOfWorkload(name);
    return (await south.node.processes.journal(id).catch(() => [])).map(({ step }) => step);
  };
  await expect.poll(steps, { timeout: 20_000, interval: 300 }).toContain('place-lost');
  broken = false;
  expect(await runsOf(south.node.temporal.client, id)).toBeGreaterThan(before + 1);
  await expect
    .poll(() => south.statusOf(name).catch(() => undefined), WITHIN)
    .toMatchObject({ state: 'in-use', place: { seller: 'west.example' } });
  await finish(name, trade);
});

test('a node that goes away while it is looked at, at the end of a run, is looked at again', async () => {
  const trade = await open();
  const { fabric } = trade.deps;
  const door = gate();
  const nodeHealth = async (input: Parameters<typeof fabric.nodeHealth>[0]): Promise<NodeHealth> => {
    const health = await fabric.nodeHealth(input);
    await door.pass();
    return health;
  };
  await south.play({ ...trade.deps, fabric: { ...fabric, nodeHealth } });
  const name = intentName('node-goes');
  const { acquisition } = await inUse(name);
  door.close();
  const tell = () => south.node.processes.noticeOfNode(acquisitionId(acquisition), false);
  await tell();
  await door.entered;
  trade.world.setReachable(clusterId('north'), false);
  await untilLong(south, workflowIds.acquisition(acquisitionId(acquisition)), tell);
  door.open();
  await expect
    .poll(() => south.statusOf(name).catch(() => undefined), WITHIN)
    .toMatchObject({ state: 'in-use', place: { seller: 'west.example' } });
  trade.world.setReachable(clusterId('north'), true);
  await finish(name, trade);
});

test.each([
  ['is let in', undefined],
  ['ends the contract when it cannot be, since none was let in before', new Fault('CLUSTER_REFUSED', 'forbidden')],
] as const)('a slice that comes while another one is refused, at the end of a run, %s', async (_what, fault) => {
  const shop = await openShop(north);
  const transaction = await shop.reserve();
  await north.node.processes.purchase({ transaction, buyer: clusterId('south') }, 20_000);
  shop.fabric.plan('admitSlice', { kind: 'hang' });
  shop.fabric.plan('admitSlice', { kind: 'refuse', fault: new Fault('SLICE_DENIED', 'not this one') });
  if (fault) shop.fabric.plan('admitSlice', { kind: 'refuse', fault });
  await shop.offerSlice(transaction);
  await shop.fabric.whenHanging('admitSlice');
  await untilLong(north, workflowIds.contract(transaction), () => north.node.processes.noticeOfSlice(transaction, 'offered'));
  shop.fabric.letGo();
  const contract = contractOf(transaction);
  if (fault)
    await expect
      .poll(async () => (await north.database.store.contracts.get(contract))?.ending, WITHIN)
      .toMatchObject({ reason: 'failed', detail: expect.stringContaining('CLUSTER_REFUSED') });
  else
    await expect
      .poll(async () => (await north.database.store.contracts.allocations()).find((each) => each.contract === contract)?.state, WITHIN)
      .toBe('active');
  await shop.buyerDone(transaction);
  await north.allOverAndReplayed();
  expect(await shop.leaks()).toEqual([]);
});
