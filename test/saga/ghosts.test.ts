/** What somebody wrote behind a seller's back while it was down: once it works again its reconciliation mends it and says so, with the real store and the schedule that a node makes. */
import { expect, test } from 'vitest';
import type { Reconciliation } from '../../activities/reconcile.ts';
import { scheduleReconciliation } from '../../src/adapters/temporal/schedule.ts';
import { type TransactionId, contractOf } from '../../src/domain/ids.ts';
import { SOON, playSeller } from './seller.ts';

const { stage, shop, open, purchase, contract, untilServed, nothingLeft } = playSeller();
const quiet = { debug: () => {}, info: () => {}, warn: () => {} };

/** Runs as the node's schedule starts them, until so many are through; answers what they found. */
async function scheduled(runs: number): Promise<readonly Reconciliation[]> {
  const { temporal } = stage.node;
  await scheduleReconciliation({ temporal, everyMs: 1_000, log: quiet });
  const schedule = temporal.client.schedule.getHandle('reconcile');
  try {
    const started = async () => (await schedule.describe()).info.recentActions.map(({ action }) => action.workflow.workflowId);
    await expect.poll(async () => (await started()).length, SOON).toBeGreaterThanOrEqual(runs);
    return await Promise.all((await started()).map((id) => temporal.client.workflow.getHandle(id).result()));
  } finally {
    await schedule.delete();
  }
}

const GHOST = '{2000000000,4294967296000000000,10000000000,0,0}';
const NONE = '{0,0,0,0,0}';
const anew = /^the ledger of .* said held .*; its holds and contracts say held 0 cpu and 0, sold 2 cpu and 4Gi: written anew$/;
test.each<[string, (transaction: TransactionId) => Promise<unknown>, readonly RegExp[]]>([
  [
    'a reservation that only the ledger knows',
    async (transaction) =>
      await stage.database.sql`update lineage set held = ${GHOST} where id = (select lineage from hold where transaction = ${transaction})`,
    [anew],
  ],
  [
    'a ledger of which nothing more may be sold',
    async (transaction) =>
      await stage.database.sql`update lineage set total = sold where id = (select lineage from hold where transaction = ${transaction})`,
    [/^the ledger of .* said that cpu 2, .* may be sold; what was published and is promised says cpu .*: written anew$/],
  ],
  ['a sale that the ledger forgot', async () => await stage.database.sql`update lineage set sold = ${NONE}`, [anew]],
  [
    'a reservation that is an old tombstone although its contract lives',
    async (transaction) =>
      await stage.database
        .sql`update hold set state = 'released', contract = null, made_at = made_at - interval '40 days' where transaction = ${transaction}`,
    [/^contract .* lives, and its reservation .* was released: sold again$/],
  ],
  [
    'a reservation that was removed although its contract lives',
    async (transaction) => await stage.database.sql`delete from hold where transaction = ${transaction}`,
    [/^contract .* lives, and its reservation .* is not there: written anew$/],
  ],
])('%s is mended and told once after a restart, and the sale goes on', async (_, plant, lines) => {
  await open();
  const transaction = await shop.reserve();
  await purchase(transaction);
  await shop.offerSlice(transaction);
  await untilServed(transaction);
  const { inventory } = stage.database.store;
  const [sums, hold] = [await inventory.sums(), await inventory.hold(transaction)];
  await stage.killWorkers();
  await plant(transaction);
  expect([await inventory.sums(), await inventory.hold(transaction)]).not.toEqual([sums, hold]);
  await stage.startWorkers();
  const found = await scheduled(2);
  expect(found.flatMap(({ mended }) => mended)).toEqual(lines.map((line) => expect.stringMatching(line)));
  expect(found.flatMap(({ failed }) => failed)).toEqual([]);
  // Until when it was held before it was sold is nobody's matter any more.
  expect([await inventory.sums(), await inventory.hold(transaction)]).toEqual([sums, { ...hold, expiresAt: expect.any(String) }]);
  expect(await contract(transaction)).toMatchObject({ terms: { id: contractOf(transaction) }, state: 'active' });
  await shop.buyerDone(transaction);
  await nothingLeft();
});
