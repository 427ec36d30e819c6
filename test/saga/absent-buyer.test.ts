/** A buyer that never peers in time holds what it bought no longer, whether it sent nothing or what was denied. */
import { expect, test } from 'vitest';
import { type TransactionId, acquisitionId, clusterId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { SOON, playSeller } from './seller.ts';
import { SOUTH } from './shop.ts';

const { stage, shop, open, sold, untilClosed, nothingLeft } = playSeller();

const ending = async (transaction: TransactionId) => (await stage.database.store.contracts.get(contractOf(transaction)))?.ending;
const steps = async (transaction: TransactionId) =>
  (await stage.node.processes.journal(workflowIds.contract(transaction))).map(({ step }) => step);

test('a slice of a buyer who did not sign is denied, and let in once the buyer has', async () => {
  await open({ buyerAbsentMs: 20_000 });
  const transaction = await sold();
  await shop.offerSlice(transaction, { unsigned: true });
  await expect.poll(() => steps(transaction), SOON).toContain('not-admitted');
  await shop.offerSlice(transaction);
  await expect.poll(() => steps(transaction), SOON).toContain('admit');
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test('nothing came, a slice was denied, a slice was admitted: the first two end as absent, the third lives on', async () => {
  await open({ buyerAbsentMs: 2_000, buyerGoneMs: 1_000, sellerGraceMs: 1_000 });
  const [silent, greedy, honest] = [await sold(), await sold(), await sold()];
  await shop.offerSlice(honest);
  const buyer = fakeFabric(shop.world, SOUTH);
  const slice = { seller: clusterId('north'), acquisition: acquisitionId('greedy-1') };
  await buyer.requestSlice({
    ...slice,
    contract: contractOf(greedy),
    resources: { cpu: '8', memory: '16Gi', pods: '100' },
    sliceClass: 'rearguard',
  });
  await stage.node.processes.noticeOfSlice(greedy, 'offered');
  await expect.poll(() => steps(greedy), { timeout: 10_000, interval: 50 }).toContain('not-admitted');
  for (const transaction of [silent, greedy]) await expect.poll(() => ending(transaction), SOON).toMatchObject({ reason: 'buyer-absent' });
  expect(await ending(honest)).toBeUndefined();
  await untilClosed(greedy);
  await buyer.withdrawSlice(slice);
  await shop.buyerDone(honest);
  await nothingLeft();
});
