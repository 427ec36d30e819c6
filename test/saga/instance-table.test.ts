/** The sale of a blueprint's instance: every step refused, its answer lost, its worker killed, its compensation stuck. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { SOON, playSeller } from './seller.ts';
import { SECRET, SOUTH } from './shop.ts';

const { stage, shop, open, untilClosed, untilServed, nothingLeft } = playSeller();
const purchase = (transaction: TransactionId): Promise<unknown> =>
  stage.node.processes.purchase({ transaction, buyer: SOUTH, instance: true }, 20_000);
const contracted = (transaction: TransactionId) => stage.database.store.contracts.ofTransaction(transaction);
const end = (transaction: TransactionId): Promise<void> => stage.node.processes.endContract(transaction, { reason: 'ended-by-user' });
const endAndLeaveNothing = async (transaction: TransactionId): Promise<void> => {
  await untilServed(transaction);
  await end(transaction);
  await untilClosed(transaction);
  await nothingLeft();
};
const letGo = (): void => {
  shop.inventory.letGo();
  shop.hosting.letGo();
};

test('is sold, made, and taken away: without a tenant or a slice, and without a secret in its history', async () => {
  await open();
  const transaction = await shop.reserveInstance();
  await expect(purchase(transaction)).resolves.toBe(contractOf(transaction));
  await untilServed(transaction);
  await shop.countersign(transaction);
  const made = await shop.hosting.port.look({ contract: contractOf(transaction), secret: 'credentials' });
  expect(made).toMatchObject({ ready: true, secret: { password: SECRET } });
  expect(made?.secret?.['username']).toMatch(/^[a-z][a-z0-9]{11}$/);
  expect(shop.fabric.called('ensureTenant')).toBe(0);
  expect((await stage.database.store.inventory.hold(transaction))?.service).toBeUndefined();
  await end(transaction);
  await untilClosed(transaction);
  const history = await stage.node.temporal.client.workflow.getHandle(workflowIds.contract(transaction)).fetchHistory();
  const told = JSON.stringify(history, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );
  expect(told).toContain('hostInstance');
  for (const secret of [SECRET, made?.secret?.['username'] ?? SECRET]) expect(told).not.toContain(secret);
  await nothingLeft();
});

describe('the step that makes it', () => {
  test('refused: the contract ends with its reason, its buyer hears, nothing is left', async () => {
    await open();
    const transaction = await shop.reserveInstance();
    shop.hosting.plan('instantiate', { kind: 'refuse', fault: new Fault('WORKLOAD_REFUSED', 'no such kind') });
    await purchase(transaction);
    await expect.poll(async () => (await contracted(transaction))?.ending, SOON).toMatchObject({ reason: 'failed' });
    await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ ending: { reason: 'failed' } }]);
    await untilClosed(transaction);
    await nothingLeft();
  });

  test('answer lost after it took effect: made once', async () => {
    await open();
    const transaction = await shop.reserveInstance();
    shop.hosting.plan('instantiate', { kind: 'lose-answer' });
    await purchase(transaction);
    await endAndLeaveNothing(transaction);
  });

  test('worker killed in the middle: the next one goes on, with the same values', async () => {
    await open();
    const transaction = await shop.reserveInstance();
    shop.hosting.plan('instantiate', { kind: 'hang' });
    await purchase(transaction);
    await shop.hosting.whenHanging('instantiate');
    await stage.killWorkers();
    letGo();
    await stage.startWorkers();
    await expect(purchase(transaction)).resolves.toBe(contractOf(transaction));
    await endAndLeaveNothing(transaction);
  });

  test('ended by its seller in the middle: nothing is left', async () => {
    await open();
    const transaction = await shop.reserveInstance();
    shop.hosting.plan('instantiate', { kind: 'hang' });
    await purchase(transaction);
    await shop.hosting.whenHanging('instantiate');
    await stage.node.processes.endContract(transaction, { reason: 'operator' }, 'seller');
    await untilClosed(transaction);
    await nothingLeft();
  });

  test('compensation stuck: it shows, and is mended', async () => {
    await open();
    const transaction = await shop.reserveInstance();
    shop.hosting.plan('remove', { kind: 'refuse', fault: new Fault('CLUSTER_REFUSED', 'forbidden') }, Number.POSITIVE_INFINITY);
    await purchase(transaction);
    await untilServed(transaction);
    await end(transaction);
    const stuck = async () => (await stage.node.processes.open()).filter((each) => each.stuck).map(({ workflowId }) => workflowId);
    await expect.poll(stuck, { timeout: 40_000, interval: 100 }).toEqual([workflowIds.contract(transaction)]);
    expect(await shop.leaks()).toEqual([`instance of ${contractOf(transaction)}`]);
    shop.hosting.heal();
    await stage.node.processes.retryTeardown(workflowIds.contract(transaction));
    await untilClosed(transaction);
    await nothingLeft();
  });
});

test('the sale itself is refused: nothing is made', async () => {
  await open();
  const transaction = await shop.reserveInstance();
  shop.inventory.plan('sell', { kind: 'refuse', fault: new Fault('HOLD_EXPIRED', 'too late') });
  await expect(purchase(transaction)).rejects.toMatchObject({ code: 'HOLD_EXPIRED' });
  expect(shop.hosting.called('instantiate')).toBe(0);
  await nothingLeft(transaction);
});

test('a buyer that does not countersign in time is absent, and one that did is not', async () => {
  await open({ buyerAbsentMs: 1_500 });
  const [silent, honest] = [await shop.reserveInstance(), await shop.reserveInstance()];
  await Promise.all([purchase(silent), purchase(honest)]);
  await shop.countersign(honest);
  await expect.poll(async () => (await contracted(silent))?.ending, SOON).toMatchObject({ reason: 'buyer-absent' });
  await untilClosed(silent);
  expect(await contracted(honest)).toMatchObject({ state: 'active' });
  await endAndLeaveNothing(honest);
});

test('a contract whose workflow somebody terminated is taken down by the reconciliation', async () => {
  await open();
  const transaction = await shop.reserveInstance();
  await purchase(transaction);
  await untilServed(transaction);
  await stage.terminate(workflowIds.contract(transaction));
  await expect(stage.reconcile()).resolves.toMatchObject({ mended: [expect.stringContaining(contractOf(transaction))] });
  expect(await contracted(transaction)).toMatchObject({ state: 'over', ending: { reason: 'operator' } });
  await nothingLeft();
});
