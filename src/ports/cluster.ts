import type { Handover } from '../domain/contract.ts';
import type { GpuWish } from '../domain/gpu.ts';
import type { Resources } from '../domain/resources.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { AcquisitionId, ClusterId, IntentName } from '../domain/ids.ts';
import type { Wait } from './fabric.ts';

/**
 * Workloads in our own cluster and on our virtual nodes. Idempotent; takes ids. Faults: CLUSTER_UNREACHABLE, CLUSTER_REFUSED,
 * WORKLOAD_REFUSED (the API server or a quota refuses the manifest, with its words).
 */
export interface Cluster {
  /** What our own workers have free now: allocatable less requests of living pods, in sum; and what of these requests buyers' pods make. Virtual nodes do not count. GPUs are among them only when some are wanted. */
  free(architecture?: string, gpu?: GpuWish): Promise<{ readonly total: Resources; readonly guests: Resources }>;
  /** Why a user's own namespace cannot be offloaded by us, in words that say what lets us; `undefined` when it can. */
  whyNotOffload(input: { readonly namespace: string }): Promise<string | undefined>;
  /** The namespace of an intent, labelled as ours. CLUSTER_REFUSED when one of that name exists and is not ours. */
  ensureNamespace(input: { readonly intent: IntentName; readonly namespace: string; readonly runId: string }): Promise<void>;
  /** Only namespaces that ensureNamespace made for this run are deleted; waits until gone. STILL_THERE. */
  removeNamespace(input: { readonly namespace: string; readonly runId: string }, wait: Wait): Promise<void>;
  /** Every namespace that ensureNamespace made, or that is offloaded for a run, and that nobody gave back yet. */
  intentNamespaces(): Promise<readonly IntentNamespace[]>;
  /**
   * NamespaceOffloading towards these sellers' clusters (none: selects nothing), for one run of an intent. A seller need not have a virtual node yet. CLUSTER_REFUSED when another
   * run offloads that namespace, or somebody else does.
   */
  offload(input: {
    readonly namespace: string;
    readonly sellers: readonly ClusterId[];
    readonly owner?: { readonly intent: IntentName; readonly runId: string };
  }): Promise<void>;
  /** Until that offloading is Ready, so that pods made from now on may leave. PEERING_TIMEOUT with what was last seen. */
  awaitOffloaded(input: { readonly namespace: string }, wait: Wait): Promise<void>;
  /** Here: the offloading selects no cluster any more, so that new pods go elsewhere at once. */
  moveOffloadingAway(input: { readonly namespace: string; readonly keep?: readonly ClusterId[] }): Promise<void>;
  /** There: the NamespaceOffloading is gone (a finalizer waits for the seller); another run's is left alone. STILL_THERE. */
  removeOffloading(input: { readonly namespace: string; readonly runId?: string }, wait: Wait): Promise<void>;
  /** Applies the workload, but for a Job that succeeded already, wherever it ran; pods are pinned to the acquisition's virtual node, or kept off virtual nodes when there is none. Requests become limits and the reverse on a virtual node. */
  applyWorkload(input: {
    readonly namespace: string;
    readonly manifests: readonly Manifest[];
    readonly intent: IntentName;
    readonly acquisition?: AcquisitionId;
  }): Promise<void>;
  /** Deletes what applyWorkload made; a user's own namespace has nothing of it. Waits until its pods are gone here, forcing those whose virtual node is dead. STILL_THERE. */
  removeWorkload(input: { readonly namespace: string; readonly intent: IntentName }, wait: Wait): Promise<void>;
  /** Until every pod runs (a Job: runs or succeeded): read at the seller with the slice's own identity when there is an acquisition. WORKLOAD_TIMEOUT with what was last seen, WORKLOAD_REFUSED. */
  awaitWorkload(
    input: {
      readonly namespace: string;
      readonly intent: IntentName;
      readonly acquisition?: AcquisitionId;
      readonly seller?: ClusterId;
      readonly manifests: readonly Manifest[];
    },
    wait: Wait,
  ): Promise<WorkloadHealth>;
  /**
   * Writes what a seller handed over of a bought service: a Secret of the service's name in the intent's namespace, of this acquisition from now on, whosever of that service it was before. Where the
   * service answers is added as `host` and `port`, unless the seller calls something so itself. CLUSTER_REFUSED when there is a Secret of that name that is no service's.
   */
  handOver(input: {
    readonly namespace: string;
    readonly service: string;
    readonly acquisition: AcquisitionId;
    readonly handover: Handover;
  }): Promise<void>;
  /** Takes away what {@link Cluster.handOver} wrote for this acquisition, in that namespace or else wherever that is; what is another's by now is left alone. */
  takeBack(input: { readonly acquisition: AcquisitionId; readonly namespace?: string }): Promise<void>;
  workloadHealth(input: {
    readonly namespace: string;
    readonly intent: IntentName;
    readonly acquisition?: AcquisitionId;
    readonly seller?: ClusterId;
    readonly manifests: readonly Manifest[];
  }): Promise<WorkloadHealth>;
}

/** A namespace of ours or a user's, and the run of the intent for which we made or offloaded it. */
export interface IntentNamespace {
  readonly intent: IntentName;
  readonly namespace: string;
  readonly runId: string;
}

export interface WorkloadHealth {
  readonly state: 'running' | 'succeeded' | 'failed' | 'pending' | 'missing' | 'unknown';
  /** Why it failed, where a Job says so: its pods may be gone by then. */
  readonly message?: string;
  readonly pods: readonly {
    readonly name: string;
    readonly phase: string;
    readonly node?: string;
    readonly readAt: 'home' | 'seller';
    readonly message?: string;
  }[];
}
