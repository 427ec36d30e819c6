/** The end of a contract at its seller: by its own clock, with a grace, and later where both signed so. */
import { expect, test } from 'vitest';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import { untilOf } from '../../src/domain/renewal.ts';
import { SOON, playSeller } from './seller.ts';

const { stage, shop, contract, renew, open, purchase, untilServed, nothingLeft } = playSeller();

const CONTRACT_MS = 5_000;
const GRACE_MS = 1_500;
const TERMS: OfferTerms = { renewal: { kind: 'on-request', forMs: CONTRACT_MS } };
const openShort = (contractMs: number) => open({ clockSkewMs: GRACE_MS }, { contractMs, terms: TERMS });
async function served(contractMs = CONTRACT_MS): Promise<TransactionId> {
  await openShort(contractMs);
  const transaction = await shop.reserve();
  await purchase(transaction);
  await shop.offerSlice(transaction);
  await untilServed(transaction);
  return transaction;
}
/** How long after the end that was agreed last it began to end, in milliseconds. */
async function endedAfter(transaction: TransactionId): Promise<number> {
  await expect.poll(async () => (await contract(transaction)).ending, SOON).toMatchObject({ reason: 'expired' });
  const ended = (await stage.database.store.audit.page({ contract: contractOf(transaction), limit: 20 })).items.find(
    ({ kind }) => kind === 'ending',
  );
  return Date.parse(ended?.at ?? '') - Date.parse(untilOf(await contract(transaction)));
}
const notes = async (transaction: TransactionId): Promise<readonly string[]> =>
  (await stage.node.processes.journal(workflowIds.contract(transaction))).map(({ step }) => step);

test('nobody renews: it ends after its grace, and its buyer hears of it', async () => {
  const transaction = await served();
  const after = await endedAfter(transaction);
  expect(after).toBeGreaterThanOrEqual(GRACE_MS - 100);
  expect(after).toBeLessThan(GRACE_MS + 5_000);
  await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ ending: { reason: 'expired' } }]);
  expect(await renew(transaction, true)).toBe(false);
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test('renewed: its workflow hears of it and goes on beyond the first end, which is the last that it knows', async () => {
  const transaction = await served();
  expect(await renew(transaction, true)).toBe(true);
  await expect.poll(() => notes(transaction), SOON).toContain('renewed');
  expect(await endedAfter(transaction)).toBeGreaterThanOrEqual(GRACE_MS - 100);
  expect((await contract(transaction)).renewals).toHaveLength(1);
  await shop.buyerDone(transaction);
  await nothingLeft();
});

test('renewed while no worker runs, and nobody told its workflow: at its end it looks, and goes on', async () => {
  // Long enough for a busy machine to kill its workers before.
  const transaction = await served(20_000);
  await stage.killWorkers();
  // In the last moment: what is signed within the grace counts.
  await expect
    .poll(async () => Date.now() >= Date.parse((await contract(transaction)).terms.expiresAt), { ...SOON, timeout: 40_000 })
    .toBe(true);
  expect(await renew(transaction, false)).toBe(true);
  await stage.startWorkers();
  // What Temporal gave to a worker that is dead is given again after its own deadline: ten seconds for a task, fifteen for the look.
  await expect.poll(() => notes(transaction).catch(() => []), { ...SOON, timeout: 40_000 }).toContain('renewed');
  expect(await contract(transaction)).toMatchObject({ state: 'active' });
  await shop.buyerDone(transaction);
  await nothingLeft();
});
