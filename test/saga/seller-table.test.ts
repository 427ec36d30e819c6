import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import type { Fabric } from '../../src/ports/fabric.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { SOON, playSeller } from './seller.ts';

const { stage, shop, open, purchase, untilServed, nothingLeft } = playSeller();
async function serveAndEnd(transaction: TransactionId): Promise<void> {
  await shop.offerSlice(transaction);
  await untilServed(transaction);
  await shop.buyerDone(transaction);
  await nothingLeft(transaction);
}

interface Row {
  readonly step: string;
  readonly on: 'fabric' | 'inventory';
  readonly call: (keyof Fabric & string) | (keyof Inventory & string);
  readonly undo: (keyof Fabric & string) | (keyof Inventory & string);
  /** Whether PURCHASE itself waits for the step. */
  readonly beforeSigned: boolean;
}
const ROWS: readonly Row[] = [
  { step: 'sell', on: 'inventory', call: 'sell', undo: 'giveBack', beforeSigned: true },
  { step: 'meet-buyer (tenant)', on: 'fabric', call: 'ensureTenant', undo: 'removeTenant', beforeSigned: true },
  { step: 'admit', on: 'fabric', call: 'admitSlice', undo: 'stopSlice', beforeSigned: false },
  { step: 'admit (replica)', on: 'fabric', call: 'admitSlice', undo: 'removeReplica', beforeSigned: false },
  { step: 'meeting place', on: 'fabric', call: 'ensureTenant', undo: 'removeMeetingPlace', beforeSigned: true },
];
const plan = ({ on }: Row, call: Row['call'], kind: 'refuse' | 'passing' | 'lose-answer' | 'hang', times = 1): void => {
  const refused = new Fault('CLUSTER_REFUSED', 'forbidden');
  const passing = new Fault('CLUSTER_UNREACHABLE', 'away for a moment');
  const mishap =
    kind === 'hang' || kind === 'lose-answer' ? { kind } : ({ kind: 'refuse', fault: kind === 'refuse' ? refused : passing } as const);
  if (on === 'fabric') shop.fabric.plan(call as keyof Fabric & string, mishap, times);
  else shop.inventory.plan(call as keyof Inventory & string, mishap, times);
};
const whenHanging = ({ on, call }: Row): Promise<void> =>
  on === 'fabric' ? shop.fabric.whenHanging(call as keyof Fabric & string) : shop.inventory.whenHanging(call as keyof Inventory & string);
const letGo = (): void => {
  shop.fabric.letGo();
  shop.inventory.letGo();
};

describe.each(ROWS)('$step', (row) => {
  /** A sale in the middle of the step. */
  const hanging = async () => {
    const transaction = await shop.reserve();
    plan(row, row.call, 'hang');
    const sale = purchase(transaction).catch((error: unknown) => error);
    if (!row.beforeSigned) {
      await sale;
      await shop.offerSlice(transaction);
    }
    await whenHanging(row);
    return { transaction, sale };
  };
  /** The next worker goes on where the killed one was. */
  const anotherWorker = async (): Promise<void> => {
    await stage.killWorkers();
    letGo();
    await stage.startWorkers();
  };

  test('refused: nothing is sold, or the contract ends with its reason; nothing is left', async () => {
    await open();
    const transaction = await shop.reserve();
    plan(row, row.call, 'refuse');
    if (row.beforeSigned) {
      await expect(purchase(transaction)).rejects.toMatchObject({ name: 'Fault' });
      // What was sold could be read, so its buyer hears that it ended, though it was never signed.
      const told = row.step === 'sell' ? [] : [{ contract: contractOf(transaction), ending: { reason: 'failed' } }];
      await expect.poll(() => shop.peers.notices(), SOON).toMatchObject(told);
    } else {
      await purchase(transaction);
      await shop.offerSlice(transaction);
      await expect.poll(async () => (await stage.database.store.contracts.ofTransaction(transaction))?.ending?.reason, SOON).toBe('failed');
      await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ ending: { reason: 'failed' } }]);
      await shop.buyerDone(transaction);
    }
    await nothingLeft(transaction);
  });

  test('answer lost after it took effect: done once, and sold', async () => {
    await open();
    const transaction = await shop.reserve();
    plan(row, row.call, 'lose-answer');
    await expect(purchase(transaction)).resolves.toBe(contractOf(transaction));
    await serveAndEnd(transaction);
  });

  test('ended by its seller in the middle', async () => {
    await open();
    const { transaction, sale } = await hanging();
    await stage.node.processes.endContract(transaction, { reason: 'operator' }, 'seller');
    letGo();
    await sale;
    await shop.buyerDone(transaction);
    await nothingLeft(transaction);
  });

  test('worker killed in the middle: the next one goes on', async () => {
    await open();
    const { transaction, sale } = await hanging();
    await anotherWorker();
    await sale;
    // PURCHASE may be repeated, and answers the same contract.
    await expect(purchase(transaction)).resolves.toBe(contractOf(transaction));
    await serveAndEnd(transaction);
  });

  test('worker killed while it gives back: the next one goes on', async () => {
    await open();
    const transaction = await shop.reserve();
    await purchase(transaction);
    await shop.offerSlice(transaction);
    await untilServed(transaction);
    const undoing = { ...row, call: row.undo };
    plan(undoing, row.undo, 'hang');
    await shop.buyerDone(transaction);
    await whenHanging(undoing);
    await anotherWorker();
    await nothingLeft(transaction);
  });

  test('compensation fails, then succeeds', async () => {
    await open();
    const transaction = await shop.reserve();
    plan(row, row.undo, 'passing', 2);
    await purchase(transaction);
    await serveAndEnd(transaction);
  });

  test('compensation stuck: it shows, and is mended', async () => {
    await open();
    const transaction = await shop.reserve();
    plan(row, row.undo, 'refuse', Number.POSITIVE_INFINITY);
    await purchase(transaction);
    await shop.offerSlice(transaction);
    await untilServed(transaction);
    await shop.buyerDone(transaction);
    const stuck = async (): Promise<readonly string[]> =>
      (await stage.node.processes.open()).filter((open) => open.stuck).map(({ workflowId }) => workflowId);
    await expect.poll(stuck, { timeout: 40_000, interval: 100 }).not.toEqual([]);
    shop.fabric.heal();
    shop.inventory.heal();
    for (const workflowId of await stuck()) await stage.node.processes.retryTeardown(workflowId).catch(() => undefined);
    await nothingLeft(transaction);
  });
});

test('the sale hangs, is tried again, and its tenant cannot be built: nothing stays sold, and nothing is left', async () => {
  await open();
  const transaction = await shop.reserve();
  shop.inventory.plan('sell', { kind: 'hang' });
  shop.fabric.plan('ensureTenant', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') });
  const sale = purchase(transaction).catch((error: unknown) => error);
  await shop.inventory.whenHanging('sell');
  await expect.poll(() => shop.fabric.called('ensureTenant'), SOON).toBeGreaterThan(0);
  letGo();
  await expect(sale).resolves.toMatchObject({ name: 'Fault' });
  await nothingLeft(transaction);
});

test.each([
  ['while it is sold', 'sell'],
  ['while its tenant is built', 'ensureTenant'],
  ['while its slice is let in', 'admitSlice'],
  ['in use', undefined],
] as const)('a contract that is cancelled in Temporal %s is unwound like any other end', async (_when, call) => {
  await open();
  const transaction = await shop.reserve();
  if (call === 'sell') shop.inventory.plan(call, { kind: 'hang' });
  else if (call) shop.fabric.plan(call, { kind: 'hang' });
  const sale = purchase(transaction).catch((error: unknown) => error);
  if (call === undefined || call === 'admitSlice') {
    await expect(sale).resolves.toBe(contractOf(transaction));
    await shop.offerSlice(transaction);
  }
  if (call === undefined) await untilServed(transaction);
  else await (call === 'sell' ? shop.inventory.whenHanging(call) : shop.fabric.whenHanging(call));
  await stage.node.temporal.client.workflow.getHandle(workflowIds.contract(transaction)).cancel();
  letGo();
  await sale;
  if (call !== 'sell')
    await expect
      .poll(() => shop.peers.notices(), SOON)
      .toMatchObject([{ contract: contractOf(transaction), ending: { reason: 'operator' } }]);
  await shop.buyerDone(transaction);
  await nothingLeft(transaction);
});

test('a contract whose workflow somebody terminated is given back by the reconciliation; a living one is left alone', async () => {
  await open();
  const [closed, living] = [await shop.reserve(), await shop.reserve()];
  await Promise.all([purchase(closed), purchase(living)]);
  await shop.offerSlice(closed);
  await untilServed(closed);
  await stage.terminate(workflowIds.contract(closed));
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining(contractOf(closed))] });
  expect(await stage.database.store.contracts.get(contractOf(closed))).toMatchObject({ state: 'over', ending: { reason: 'operator' } });
  expect(shop.world.objects().filter((line) => line.startsWith('north: replica'))).toEqual([]);
  expect(await stage.database.store.contracts.get(contractOf(living))).toMatchObject({ state: 'active' });
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [] });
  await shop.buyerDone(closed);
  await shop.buyerDone(living);
  await nothingLeft(living);
});

test('an outage of our own cluster while a slice is let in ends no contract', async () => {
  await open();
  const transaction = await shop.reserve();
  await purchase(transaction);
  shop.fabric.plan('admitSlice', { kind: 'refuse', fault: new Fault('CLUSTER_UNREACHABLE', 'away for long') }, Number.POSITIVE_INFINITY);
  await shop.offerSlice(transaction);
  const steps = async () => (await stage.node.processes.journal(workflowIds.contract(transaction))).map(({ step }) => step);
  await expect.poll(() => steps().catch(() => []), { timeout: 60_000, interval: 200 }).toContain('not-admitted');
  expect(await stage.database.store.contracts.ofTransaction(transaction)).toMatchObject({ state: 'active' });
  shop.fabric.heal();
  await untilServed(transaction);
  await shop.buyerDone(transaction);
  await nothingLeft(transaction);
});

test('a hold that is gone is not sold', async () => {
  await open();
  const transaction = await shop.reserve();
  await stage.database.clear();
  await expect(purchase(transaction)).rejects.toMatchObject({ code: expect.stringMatching(/HOLD_EXPIRED|NOT_FOUND/) });
  await stage.allOverAndReplayed();
});
