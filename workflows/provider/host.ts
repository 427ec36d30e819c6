import { workflowInfo } from '@temporalio/workflow';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Saga } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { observing, undoing, watchingFor } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import { waitFor } from '../summaries.ts';
import type { Sale, SaleStep } from './sale.ts';
import type { Term } from './term.ts';

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
export async function serveInstance(saga: Saga<Sale>, term: Term, timing: Timing, scribe: Scribe): Promise<Ending | undefined> {
  const { contract, buyerCluster } = saga.context;
  scribe.phase('usage');
  const absentAt = Date.now() + timing.buyerAbsentMs;
  for (;;) {
    if (workflowInfo().continueAsNewSuggested) return undefined;
    const due = await term.look();
    if (!due) continue;
    if ('reason' in due) return due;
    const now = Date.now();
    const { admitted = false } = saga.context;
    if (!admitted && now >= absentAt) {
      if (!(await observing.isCountersigned({ contract })))
        return { reason: 'buyer-absent', detail: `not countersigned within ${timing.buyerAbsentMs} ms` };
      saga.learn({ admitted: true });
      continue;
    }
    const words = admitted ? `${contract} served, until its end` : `buyer ${buyerCluster} to countersign`;
    await waitFor(words, term.hasNews, Math.min(due.wakeAt, admitted ? due.wakeAt : absentAt) - now);
  }
}
