import type { WorkloadRef } from '../../activities/usage.ts';
import { type AcquisitionId, type ClusterId, type IntentName, intentNamespace } from '../../src/domain/ids.ts';
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
  readonly acquisition?: AcquisitionId | undefined;
  readonly seller?: ClusterId | undefined;
  /** The seller of the place before, while it is kept until the new one serves. */
  readonly leaving?: ClusterId | undefined;
}

/** Read downwards for how a workload gets its place, upwards for how the place is given back. */
export interface PlacementSteps {
  readonly hold: Step<Placement>;
  readonly namespace: Step<Placement>;
  readonly workload: Step<Placement>;
  /** The same two, begun before their place is held: the namespace is made as soon as its slice is accepted, the workload applied as soon as its virtual node is Ready. */
  readonly ahead: readonly [Step<Placement>, Step<Placement>];
}

/** The longest that buying may take, in milliseconds, without what its slice needs; whoever begins ahead of it is stopped earlier when nothing comes of it. */
const BUYING_MS = 120_000;

export const manifestsOf = ({ workload }: Intent): WorkloadRef['manifests'] => (workload.kind === 'manifests' ? workload.manifests : []);

/** Where its workload lies at home. */
export const namespaceOf = ({ name, workload }: Intent): string =>
  workload.kind === 'namespace' ? workload.namespace : intentNamespace(name);

/** The steps of a placement; running one again moves it to where the placement now points. */
export function placementSteps(intent: Intent, timing: Timing, releaseAll: () => Promise<void>): PlacementSteps {
  const manifests = manifestsOf(intent);
  const namespace: Step<Placement> = {
    name: 'namespace',
    phase: 'usage',
    forward: async (placement) => {
      await building.prepareNamespace(spaceOf(placement));
      return undefined;
    },
    undoThere: ({ namespace, runId, run }) => undoing.removeNamespace({ namespace, ...(runId && { runId }), ...(run && { run }) }),
  };
  const workloadOf = ({ intent: name, namespace, acquisition, seller }: Placement): WorkloadRef => ({
    intent: name,
    namespace,
    manifests,
    ...(acquisition && { acquisition }),
    ...(seller && { seller }),
  });
  const workload: Step<Placement> = {
    name: 'workload',
    phase: 'usage',
    forward: async (placement) => {
      await watchingFor(timing.workloadMs + (placement.acquisition ? timing.offloadMs : 0)).deploy(workloadOf(placement));
      return undefined;
    },
    undoThere: ({ intent: name, namespace }) => undoing.removeWorkload({ intent: name, namespace }),
  };
  return {
    hold: {
      name: 'hold',
      phase: 'reservation',
      // The acquisitions are children with steps of their own; this one stands for all of them. Its place in the list is the place of their release.
      forward: async () => undefined,
      undoThere: releaseAll,
    },
    namespace,
    workload,
    ahead: [
      {
        ...namespace,
        forward: async (placement) => {
          const { acquisition, seller } = placement;
          const withinMs = BUYING_MS + timing.virtualNodeMs;
          await watchingFor(withinMs).prepareNamespace({
            ...spaceOf(placement),
            ...(acquisition && seller && { once: { acquisition, seller, withinMs } }),
          });
          return undefined;
        },
      },
      {
        ...workload,
        forward: async (placement) => {
          const within = timing.virtualNodeMs + timing.offloadMs + timing.workloadMs;
          await watchingFor(within).deploy({ ...workloadOf(placement), nodeWithinMs: timing.virtualNodeMs });
          return undefined;
        },
      },
    ],
  };
}

const spaceOf = ({ intent, namespace, runId, run, seller, leaving }: Placement): Parameters<typeof building.prepareNamespace>[0] => ({
  intent,
  namespace,
  ...(runId && { runId }),
  ...(run && { run }),
  sellers: [seller, leaving].filter((each) => each !== undefined),
});
