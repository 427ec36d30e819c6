import { workflowInfo } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { observing, undoing, watchingFor } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import type { Sale, SaleStep } from './sale.ts';

/** What a contract's blueprint makes, in a namespace of the contract's own. It is taken away by us alone: nothing of it needs the buyer. */
export const hostInstance = (timing: Timing): SaleStep => ({
  name: 'host',
  phase: 'peering',
  forward: async ({ contract, transaction }) => {
    await watchingFor(timing.hostingMs).hostInstance({ contract, transaction });
    return undefined;
  },
  undoHere: ({ contract }) => undoing.removeInstance({ contract }),
});

/** An instance that serves: until its contract ends, or its buyer did not sign in time. `undefined` when the history is long. */
export async function serveInstance(saga: Saga<Sale>, timing: Timing, scribe: Scribe): Promise<Ending | undefined> {
  const { contract, buyerCluster, expiresAt = Number.MAX_SAFE_INTEGER } = saga.context;
  scribe.phase('usage');
  const absentAt = Date.now() + timing.buyerAbsentMs;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) return undefined;
    const now = Date.now();
    if (now >= expiresAt) return { reason: 'expired', detail: `the contract ended at ${new Date(expiresAt).toISOString()}` };
    const { admitted = false } = saga.context;
    if (!admitted && now >= absentAt) {
      if (!(await observing.isCountersigned({ contract })))
        return { reason: 'buyer-absent', detail: `not countersigned within ${timing.buyerAbsentMs} ms` };
      saga.learn({ admitted: true });
      continue;
    }
    const words = admitted ? `${contract} served, until its end` : `buyer ${buyerCluster} to countersign`;
    await waitFor(words, () => false, Math.min(expiresAt, admitted ? expiresAt : absentAt) - now);
  }
}
