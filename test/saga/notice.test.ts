/** A seller that ends a contract early, after the notice that was agreed on: the contract lives until then, and the buyer knows it at once. */
import { expect, test } from 'vitest';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import { SOON, playSeller } from './seller.ts';

const { stage, shop, open, purchase, untilServed, nothingLeft } = playSeller();
const NOTICE_MS = 4_000;
const DRAINED = { reason: 'drained', detail: 'rack 7' } as const;

async function served(noticeMs?: number): Promise<TransactionId> {
  await open({ clockSkewMs: 500 }, noticeMs === undefined ? {} : { terms: { noticeMs } });
  const transaction = await shop.reserve();
  await purchase(transaction);
  await shop.offerSlice(transaction);
  await untilServed(transaction);
  return transaction;
}
const contract = async (transaction: TransactionId) => await stage.database.store.contracts.get(contractOf(transaction));
const end = (transaction: TransactionId, by: 'seller' | 'seller-with-notice'): Promise<void> =>
  stage.node.processes.endContract(transaction, DRAINED, by);
/** How long it took from now until it began to end, in milliseconds. */
async function untilItEnds(transaction: TransactionId): Promise<number> {
  const since = Date.now();
  await expect.poll(async () => (await contract(transaction))?.ending, SOON).toEqual(DRAINED);
  return Date.now() - since;
}

test('it lives until its notice has passed, the buyer is told at once when it ends and why, and it ends so', async () => {
  const transaction = await served(NOTICE_MS);
  await end(transaction, 'seller-with-notice');
  await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ contract: contractOf(transaction), ending: DRAINED }]);
  const noticed = await contract(transaction);
  expect(noticed).toMatchObject({ state: 'active', notice: { ending: DRAINED } });
  expect(Date.parse(noticed?.notice?.endsAt ?? '') - Date.now()).toBeGreaterThan(NOTICE_MS - 2_500);
  // Another one changes nothing: the first stands.
  await stage.node.processes.endContract(transaction, { reason: 'operator' }, 'seller-with-notice');
  expect(await untilItEnds(transaction)).toBeGreaterThan(NOTICE_MS - 2_500);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(noticed?.notice?.endsAt ?? ''));
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test.each([
  ['without a notice agreed on', undefined, 'seller-with-notice'],
  ['a notice that is broken', 60_000, 'seller'],
] as const)('%s: it ends at once', async (_, noticeMs, by) => {
  const transaction = await served(noticeMs);
  await end(transaction, by);
  expect(await untilItEnds(transaction)).toBeLessThan(3_000);
  expect(await contract(transaction)).not.toHaveProperty('notice');
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test('a notice that is broken later, by a buyer or its seller, ends what it was given for', async () => {
  const transaction = await served(60_000);
  await end(transaction, 'seller-with-notice');
  await expect.poll(async () => (await contract(transaction))?.notice, SOON).toBeDefined();
  await end(transaction, 'seller');
  expect(await untilItEnds(transaction)).toBeLessThan(3_000);
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test('worker killed while it gives notice, its buyer away: the next one tells, again and again, until it has heard', async () => {
  const transaction = await served(20_000);
  shop.peers.setReachable('south:3004', false);
  await end(transaction, 'seller-with-notice');
  await expect.poll(async () => (await contract(transaction))?.notice, SOON).toBeDefined();
  await stage.killWorkers();
  await stage.startWorkers();
  shop.peers.setReachable('south:3004', true);
  await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ ending: DRAINED }]);
  const steps = (await stage.node.processes.journal(workflowIds.contract(transaction))).map(({ step }) => step);
  expect(steps.filter((step) => step === 'notice')).toHaveLength(1);
  await shop.buyerDone(transaction);
  await nothingLeft();
});
