/** A sale that finds its buyer's tenant standing need not ask the peering, and nobody takes that tenant away from under it. */
import { expect, test } from 'vitest';
import { type TransactionId, clusterId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { playSeller } from './seller.ts';
import { SOUTH } from './shop.ts';
import { identity } from './trade.ts';

const { stage, shop, open, purchase, untilServed, untilClosed, nothingLeft } = playSeller();
const tenantStands = (): boolean => shop.world.cluster(clusterId('north')).tenants.has(SOUTH);

async function served(): Promise<TransactionId> {
  const transaction = await shop.reserve();
  await purchase(transaction);
  await shop.offerSlice(transaction);
  await untilServed(transaction);
  return transaction;
}
/** Sold, by a worker that has not joined the peering yet. */
async function soldOnly(): Promise<TransactionId> {
  const transaction = await shop.reserve();
  const { inventory, tenants } = stage.database.store;
  await inventory.sell({ transaction, contract: contractOf(transaction), seller: identity('north'), lifetimeMs: 86_400_000 });
  expect(await tenants.stands(SOUTH)).toBe(true);
  return transaction;
}

/** Sold in the moment in which the buyer's last contract leaves. */
async function soldAsTheLastLeaves(): Promise<TransactionId> {
  await open();
  const last = await served();
  const next = await soldOnly();
  await shop.buyerDone(last);
  await untilClosed(last);
  expect(tenantStands()).toBe(true);
  return next;
}

test('it is signed by its first workflow task, and the peering counts it all the same', async () => {
  await open();
  const first = await served();
  const second = await shop.reserve();
  await purchase(second);
  const { events } = await stage.node.temporal.client.workflow.getHandle(workflowIds.contract(second)).fetchHistory();
  const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
  expect(tasks).toHaveLength(1);
  await expect
    .poll(async () => (await stage.node.processes.peeringUsers(SOUTH)).map(({ contract }) => contract))
    .toEqual([contractOf(first), contractOf(second)]);
  await shop.buyerDone(first);
  await untilClosed(first);
  expect(tenantStands()).toBe(true);
  await shop.offerSlice(second);
  await untilServed(second);
  await shop.buyerDone(second);
  await nothingLeft(second);
});

test('sold in the moment in which the last contract leaves: its tenant is kept, and goes with it', async () => {
  const next = await soldAsTheLastLeaves();
  expect(shop.fabric.called('removeTenant')).toBe(0);
  await purchase(next);
  await shop.offerSlice(next);
  await untilServed(next);
  expect(shop.fabric.called('ensureTenant')).toBe(1);
  await shop.buyerDone(next);
  await nothingLeft(next);
});

test('sold in that moment, and over before it ever joined: the tenant goes by itself', async () => {
  const next = await soldAsTheLastLeaves();
  await stage.database.store.inventory.giveBack({ contract: contractOf(next), transaction: next, ending: { reason: 'failed' } });
  await nothingLeft();
});
