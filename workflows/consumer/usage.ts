import type { AcquisitionId, ClusterId, IntentName } from '../../src/domain/ids.ts';
import type { Intent } from '../../src/domain/intent.ts';
import type { Step } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { WorkloadRef } from '../../activities/usage.ts';
import { building, undoing, watchingFor } from '../proxies.ts';

/** What the steps of a placed workload read. */
export interface Placement {
  readonly intent: IntentName;
  readonly namespace: string;
  /** Marks the namespace as this run's. */
  readonly runId: string;
  readonly acquisition?: AcquisitionId;
  readonly seller?: ClusterId;
}

export interface PlacementSteps {
  readonly namespace: Step<Placement>;
  readonly offload: Step<Placement>;
  readonly workload: Step<Placement>;
}

export const manifestsOf = ({ workload }: Intent): WorkloadRef['manifests'] => (workload.kind === 'manifests' ? workload.manifests : []);

/** The workload in the place that the placement names; running a step again moves it. A namespace intent offloads the user's own namespace, which is never ours to delete. */
export function placementSteps(intent: Intent, timing: Timing): PlacementSteps {
  const manifests = manifestsOf(intent);
  return {
    namespace: {
      name: 'namespace',
      phase: 'usage',
      forward: async ({ intent: name, namespace, runId }) => {
        await building.ensureNamespace({ intent: name, namespace, runId });
        return undefined;
      },
      undoThere: ({ namespace, runId }) => undoing.removeNamespace({ namespace, runId }),
    },
    offload: {
      name: 'offload',
      phase: 'usage',
      forward: async ({ namespace, seller }) => {
        await watchingFor(timing.offloadMs).offload({ namespace, sellers: seller ? [seller] : [] });
        return undefined;
      },
      undoThere: ({ namespace }) => undoing.removeOffloading({ namespace }),
    },
    workload: {
      name: 'workload',
      phase: 'usage',
      forward: async ({ intent: name, namespace, acquisition, seller }) => {
        const workload = { intent: name, namespace, manifests, ...(acquisition && { acquisition }), ...(seller && { seller }) };
        await building.applyWorkload(workload);
        await watchingFor(timing.workloadMs).awaitWorkload(workload);
        return undefined;
      },
      undoThere: ({ intent: name, namespace }) => undoing.removeWorkload({ intent: name, namespace }),
    },
  };
}
