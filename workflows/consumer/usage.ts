import type { WorkloadRef } from '../../activities/usage.ts';
import type { AcquisitionId, ClusterId, IntentName } from '../../src/domain/ids.ts';
import type { Intent } from '../../src/domain/intent.ts';
import type { Step } from '../../src/domain/saga.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { building, undoing, watchingFor } from '../proxies.ts';

/** What the steps of a placed workload read. */
export interface Placement {
  readonly intent: IntentName;
  readonly namespace: string;
  /** Marks the namespace as this run's; absent when it is the user's own, which is never ours to delete. */
  readonly runId?: string;
  /** The run for which it is offloaded, whosever it is. */
  readonly run?: string;
  readonly acquisition?: AcquisitionId;
  readonly seller?: ClusterId | undefined;
  /** The seller of the place before, while it is kept until the new one serves. */
  readonly leaving?: ClusterId | undefined;
}

/** Read downwards for how a workload gets its place, upwards for how the place is given back. */
export interface PlacementSteps {
  readonly hold: Step<Placement>;
  readonly namespace: Step<Placement>;
  readonly workload: Step<Placement>;
}

export const manifestsOf = ({ workload }: Intent): WorkloadRef['manifests'] => (workload.kind === 'manifests' ? workload.manifests : []);

/** The steps of a placement; running one again moves it to where the placement now points. */
export function placementSteps(intent: Intent, timing: Timing, releaseAll: () => Promise<void>): PlacementSteps {
  const manifests = manifestsOf(intent);
  return {
    hold: {
      name: 'hold',
      phase: 'reservation',
      // The acquisitions are children with steps of their own; this one stands for all of them. Its place in the list is the place of their release.
      forward: async () => undefined,
      undoThere: releaseAll,
    },
    namespace: {
      name: 'namespace',
      phase: 'usage',
      forward: async ({ intent: name, namespace, runId, run, seller, leaving }) => {
        const sellers = [seller, leaving].filter((each) => each !== undefined);
        await building.prepareNamespace({ intent: name, namespace, ...(runId && { runId }), ...(run && { run }), sellers });
        return undefined;
      },
      undoThere: ({ namespace, runId, run }) => undoing.removeNamespace({ namespace, ...(runId && { runId }), ...(run && { run }) }),
    },
    workload: {
      name: 'workload',
      phase: 'usage',
      forward: async ({ intent: name, namespace, acquisition, seller }) => {
        const workload = { intent: name, namespace, manifests, ...(acquisition && { acquisition }), ...(seller && { seller }) };
        await watchingFor(timing.workloadMs + (acquisition ? timing.offloadMs : 0)).deploy(workload);
        return undefined;
      },
      undoThere: ({ intent: name, namespace }) => undoing.removeWorkload({ intent: name, namespace }),
    },
  };
}
