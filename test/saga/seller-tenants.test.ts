/** The tenant of a buyer, shared by all its contracts: made once, removed with the last. */
import { expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId, contractOf } from '../../src/domain/ids.ts';
import { playSeller } from './seller.ts';
import { SOUTH } from './shop.ts';

const { shop, open, purchase, untilServed, untilClosed, nothingLeft } = playSeller();

test('a second contract shares the tenant, and the tenant outlives the first', async () => {
  await open();
  const [first, second] = [await shop.reserve(), await shop.reserve()];
  await Promise.all([purchase(first), purchase(second)]);
  expect(shop.fabric.called('ensureTenant')).toBe(1);
  await shop.offerSlice(first);
  await shop.offerSlice(second);
  await untilServed(first);
  await untilServed(second);
  await shop.buyerDone(first);
  await untilClosed(first);
  expect(shop.world.cluster(clusterId('north')).tenants.has(SOUTH)).toBe(true);
  await shop.buyerDone(second);
  await nothingLeft(second);
});

test('a purchase during the last tenant’s teardown does not lose its tenant', async () => {
  await open();
  const first = await shop.reserve();
  await purchase(first);
  await shop.offerSlice(first);
  await untilServed(first);
  shop.fabric.plan('removeTenant', { kind: 'hang' });
  await shop.buyerDone(first);
  await shop.fabric.whenHanging('removeTenant');
  const second = await shop.reserve();
  const sale = purchase(second);
  shop.fabric.letGo();
  await expect(sale).resolves.toBe(contractOf(second));
  expect(shop.world.cluster(clusterId('north')).tenants.has(SOUTH)).toBe(true);
  await shop.offerSlice(second);
  await untilServed(second);
  await shop.buyerDone(second);
  await nothingLeft(second);
});

test('a tenant that was made by half is removed, though it was never ready', async () => {
  await open();
  const transaction = await shop.reserve();
  shop.fabric.plan('ensureTenant', { kind: 'lose-answer', fault: new Fault('CLUSTER_REFUSED', 'the policy never came into force') });
  await expect(purchase(transaction)).rejects.toMatchObject({ name: 'Fault' });
  await nothingLeft(transaction);
});
