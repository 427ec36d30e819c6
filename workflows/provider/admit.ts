import { atOnce, doing, undoing } from '../proxies.ts';
import type { SaleStep } from './sale.ts';

/**
 * Step 33 of the reference workflow: the buyer's slice is accepted under this contract and for what was bought. Undone here: what runs under it is stopped, whether the buyer helps or
 * not. Undone there: the buyer's own teardown takes the slice's replica away; when it had its time and did not, we do, since another contract may keep the tenant for a year.
 */
export const admitSlice = (untilBuyerIsDone: () => Promise<void>, knownAtStart: boolean): SaleStep => ({
  name: 'admit',
  phase: 'peering',
  forward: async ({ contract, buyerCluster }) => {
    if (!buyerCluster) throw new Error('a slice is admitted after the sale');
    const replica = { contract, buyer: buyerCluster };
    // As its joining: entered by the start where the buyer was known then.
    if (knownAtStart) await atOnce((by) => by.admitSlice(replica));
    else await doing.admitSlice(replica);
    return { admitted: true };
  },
  undoHere: async ({ contract, buyerCluster }) => {
    if (buyerCluster) await undoing.stopSlice({ contract, buyer: buyerCluster });
  },
  undoThere: async ({ contract, buyerCluster }) => {
    if (!buyerCluster) return;
    await untilBuyerIsDone();
    await undoing.removeReplica({ contract, buyer: buyerCluster });
  },
});
