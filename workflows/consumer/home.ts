import { isCancellation } from '@temporalio/workflow';
import type { Saga } from '../../src/domain/saga.ts';
import { wordsOf } from '../failures.ts';
import { glancing, undoing } from '../proxies.ts';
import type { Scribe } from '../scribe.ts';
import type { IntentState } from './intent-state.ts';
import { type Placement, type PlacementSteps, manifestsOf } from './usage.ts';

/** A home whose pods do not run, while another place is searched: the workload stays there, since it may come back. */
export interface Home {
  readonly isKept: () => boolean;
  /** Whether it runs again, or has ended what it was to run: then it is better than whatever is for sale. */
  readonly runs: () => Promise<boolean>;
  /** Makes anew at home what was sent to a seller and does not run there. */
  readonly bringBack: () => Promise<void>;
}

export function openHome(state: IntentState, saga: Saga<Placement>, steps: PlacementSteps, scribe: Scribe): Home {
  const isKept = (): boolean => state.kept !== undefined && state.kept.id === undefined;
  return {
    isKept,
    async runs() {
      if (!isKept()) return false;
      const { intent, namespace } = saga.context;
      try {
        const health = await glancing.observeWorkload({ intent, namespace, manifests: manifestsOf(state.intent) });
        return ['running', 'succeeded', 'failed'].includes(health.state);
      } catch (error) {
        if (isCancellation(error)) throw error;
        return false;
      }
    },
    async bringBack() {
      const { acquisition, namespace, run } = saga.context;
      if (!isKept() || acquisition === undefined) return;
      saga.learn({ acquisition: undefined, seller: undefined });
      try {
        // Liqo keeps new pods of a namespace that is offloaded away from home, even when it is offloaded to nobody.
        await undoing.removeNamespace({ namespace, ...(run && { run }) });
        await saga.forward(steps.workload);
      } catch (error) {
        if (isCancellation(error)) throw error;
        scribe.note('usage', 'back-home', wordsOf(error));
      }
    },
  };
}
