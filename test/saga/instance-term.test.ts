/** How long an instance of a blueprint lives at its seller: as a slice does, to its end and a grace, beyond it where both signed so, before it by notice. */
import { expect, test } from 'vitest';
import { type TransactionId, contractOf, workflowIds } from '../../src/domain/ids.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';
import { untilOf } from '../../src/domain/renewal.ts';
import { SOON, playSeller } from './seller.ts';
import { SOUTH } from './shop.ts';

const { stage, shop, contract, renew, open, untilServed, untilClosed, nothingLeft } = playSeller();
const CONTRACT_MS = 5_000;
const GRACE_MS = 1_500;
const NOTICE_MS = 4_000;
const TERMS: OfferTerms = { renewal: { kind: 'on-request', forMs: CONTRACT_MS }, noticeMs: NOTICE_MS };
const DRAINED = { reason: 'drained', detail: 'rack 7' } as const;

async function served(contractMs: number, terms: OfferTerms | undefined = TERMS): Promise<TransactionId> {
  await open({ clockSkewMs: GRACE_MS }, { contractMs, ...(terms && { terms }) });
  const transaction = await shop.reserveInstance();
  await stage.node.processes.purchase({ transaction, buyer: SOUTH, instance: true }, 20_000);
  await shop.countersign(transaction);
  await untilServed(transaction);
  return transaction;
}
const made = (transaction: TransactionId) => shop.hosting.port.look({ contract: contractOf(transaction), secret: 'credentials' });
const steps = async (transaction: TransactionId, step: string): Promise<number> =>
  (await stage.node.processes.journal(workflowIds.contract(transaction)).catch(() => [])).filter((line) => line.step === step).length;
/** How long after the end that was agreed last it was written down that it ends, in milliseconds. */
async function endedAfter(transaction: TransactionId): Promise<number> {
  await expect.poll(async () => (await contract(transaction)).ending, SOON).toMatchObject({ reason: 'expired' });
  const told = (await stage.database.store.audit.page({ contract: contractOf(transaction), limit: 20 })).items;
  const ended = told.find(({ kind }) => kind === 'ending');
  return Date.parse(ended?.at ?? '') - Date.parse(untilOf(await contract(transaction)));
}
const overAndGone = async (transaction: TransactionId): Promise<void> => {
  await untilClosed(transaction);
  expect(await made(transaction)).toBeUndefined();
  await nothingLeft();
};

test('renewed twice: it is there beyond both ends, with the same values, until the last one and its grace', async () => {
  const transaction = await served(CONTRACT_MS);
  const before = await made(transaction);
  expect([await renew(transaction), await renew(transaction)]).toEqual([true, true]);
  await expect.poll(() => steps(transaction, 'renewed'), SOON).toBeGreaterThan(0);
  const { terms } = await contract(transaction);
  await expect.poll(() => Date.now() > Date.parse(terms.expiresAt) + CONTRACT_MS + GRACE_MS, SOON).toBe(true);
  expect(await made(transaction)).toEqual(before);
  const after = await endedAfter(transaction);
  expect(after).toBeGreaterThanOrEqual(GRACE_MS - 100);
  expect(after).toBeLessThan(GRACE_MS + 5_000);
  await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ ending: { reason: 'expired' } }]);
  expect(await renew(transaction)).toBe(false);
  await overAndGone(transaction);
});

test('renewed while no worker runs, and nobody told its workflow: at its end it looks, and goes on', async () => {
  const transaction = await served(20_000);
  await stage.killWorkers();
  // In the last moment: what is signed within the grace counts.
  const { terms } = await contract(transaction);
  await expect.poll(() => Date.now() >= Date.parse(terms.expiresAt), { ...SOON, timeout: 40_000 }).toBe(true);
  expect(await renew(transaction, false)).toBe(true);
  await stage.startWorkers();
  await expect.poll(() => steps(transaction, 'renewed'), SOON).toBe(1);
  expect(await made(transaction)).toMatchObject({ ready: true });
  await stage.node.processes.endContract(transaction, { reason: 'ended-by-user' });
  await overAndGone(transaction);
});

test('its seller gives notice: it is there until that has passed, its buyer knows at once, and no renewal follows', async () => {
  const transaction = await served(60_000);
  const since = Date.now();
  await stage.node.processes.endContract(transaction, DRAINED, 'seller-with-notice');
  await expect.poll(() => shop.peers.notices(), SOON).toMatchObject([{ contract: contractOf(transaction), ending: DRAINED }]);
  const { state, notice } = await contract(transaction);
  expect({ state, notice }).toMatchObject({ state: 'active', notice: { ending: DRAINED } });
  expect(Date.parse(notice?.endsAt ?? '')).toBeGreaterThanOrEqual(since + NOTICE_MS);
  expect(await renew(transaction)).toBe(false);
  expect(await made(transaction)).toMatchObject({ ready: true });
  await expect.poll(async () => (await contract(transaction)).ending, SOON).toEqual(DRAINED);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(notice?.endsAt ?? ''));
  await overAndGone(transaction);
});
