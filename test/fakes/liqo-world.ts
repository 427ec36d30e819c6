/** Clusters with Liqo, in memory and linked: what the fakes of Fabric and Cluster stand on. A cluster that is not in the world lets everybody in. */
import type { Enforcement } from '../../src/domain/enforcement.ts';
import type { Fault } from '../../src/domain/faults.ts';
import { type AcquisitionId, type ClusterId, type ContractId, intentName } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Wait } from '../../src/ports/fabric.ts';
import type { WorldEvent } from '../../src/ports/world.ts';

export interface FakeSlice {
  readonly acquisition: AcquisitionId;
  readonly contract: ContractId;
  readonly seller: ClusterId;
  readonly resources: Resources;
  readonly sliceClass: string;
  deleting: boolean;
  cordoned: boolean;
  stopped: boolean;
  /** Whether its seller has a copy of it. */
  copied: boolean;
  verdict: { readonly accepted: boolean; readonly reason: string } | undefined;
}
/** How a Job ends, as Kubernetes calls it. */
export type JobEnd = 'Complete' | 'Failed';
export interface FakeNamespace {
  readonly name: string;
  readonly runId: string | undefined;
  readonly intent: string | undefined;
  offloadedTo: readonly ClusterId[] | undefined;
  /** The run for which it is offloaded. */
  offloadedFor?: { readonly intent: string; readonly runId: string } | undefined;
  workload:
    | {
        readonly intent: string;
        readonly manifests: readonly Manifest[];
        readonly acquisition: AcquisitionId | undefined;
        /** Its Jobs that have ended, by name. */
        readonly ended: ReadonlyMap<string, JobEnd>;
      }
    | undefined;
}
export interface FakeClusterState {
  readonly id: ClusterId;
  reachable: boolean;
  capacity: Resources;
  enforcement: Enforcement | undefined;
  readonly places: Set<ClusterId>;
  readonly tenants: Set<ClusterId>;
  readonly identities: Map<ClusterId, AcquisitionId>;
  readonly credentials: Map<AcquisitionId, ClusterId>;
  readonly slices: Map<AcquisitionId, FakeSlice>;
  readonly namespaces: Map<string, FakeNamespace>;
  /** What was handed over of services, by `namespace/service`. */
  readonly handedOver: Map<string, { readonly acquisition: AcquisitionId; readonly values: Readonly<Record<string, string>> }>;
  readonly sinks: Set<(event: WorldEvent) => void>;
}

export interface LiqoWorld {
  cluster(id: ClusterId): FakeClusterState;
  find(id: ClusterId): FakeClusterState | undefined;
  /** Nobody outside reaches it until it is back; what waited for it then happens. */
  setReachable(id: ClusterId, yes: boolean): void;
  changed(): void;
  /** A Job at home ends, and the shared watch tells of it. */
  endJob(cluster: ClusterId, namespace: string, job: string, how: JobEnd): void;
  tell(cluster: ClusterId, event: WorldEvent): void;
  until<T>(read: () => T | undefined, wait: Wait, late: () => Fault): Promise<T>;
  /** Every object that stands, as lines; what a leak report compares. */
  objects(): readonly string[];
}

export function liqoWorld(): LiqoWorld {
  const clusters = new Map<ClusterId, FakeClusterState>();
  const waiters = new Set<() => void>();
  const find = (id: ClusterId): FakeClusterState | undefined => clusters.get(id);
  const replicasAt = (seller: ClusterId): readonly FakeSlice[] =>
    [...clusters.values()].flatMap(({ slices }) => [...slices.values()].filter((slice) => slice.seller === seller && slice.copied));
  const open = (id: ClusterId): boolean => find(id)?.reachable ?? true;
  const world: LiqoWorld = {
    find,
    cluster(id) {
      const known = clusters.get(id);
      if (known) return known;
      const made: FakeClusterState = {
        id,
        reachable: true,
        capacity: { cpu: '0', memory: '0', pods: '0' },
        enforcement: 'Hard',
        places: new Set(),
        tenants: new Set(),
        identities: new Map(),
        credentials: new Map(),
        slices: new Map(),
        namespaces: new Map(),
        handedOver: new Map(),
        sinks: new Set(),
      };
      clusters.set(id, made);
      return made;
    },
    setReachable(id, yes) {
      world.cluster(id).reachable = yes;
      world.changed();
    },
    /** Liqo's own work: copies slices to their sellers, removes what was deleted at home once the seller answers. */
    changed() {
      for (const buyer of clusters.values()) {
        for (const slice of buyer.slices.values()) {
          if (!open(slice.seller)) continue;
          const seller = find(slice.seller);
          if (slice.deleting) {
            buyer.slices.delete(slice.acquisition);
            world.tell(buyer.id, { kind: 'node-changed', acquisition: slice.acquisition, ready: false });
            world.tell(slice.seller, { kind: 'slice-gone', buyer: buyer.id, contract: slice.contract });
          } else if (!slice.verdict && !seller) slice.verdict = { accepted: true, reason: 'open house' };
        }
      }
      for (const waiter of waiters) waiter();
    },
    endJob(cluster, namespace, job, how) {
      const space = find(cluster)?.namespaces.get(namespace);
      const workload = space?.workload;
      if (!workload) throw new Error(`no workload in ${namespace}`);
      space.workload = { ...workload, ended: new Map(workload.ended).set(job, how) };
      world.tell(cluster, { kind: 'workload-changed', intent: intentName(workload.intent) });
      world.changed();
    },
    tell(cluster, event) {
      for (const sink of find(cluster)?.sinks ?? []) sink(event);
    },
    async until(read, wait, late) {
      const now = read();
      if (now !== undefined) return now;
      return await new Promise((resolve, reject) => {
        const end = (settle: () => void): void => {
          clearTimeout(timer);
          waiters.delete(look);
          wait.signal?.removeEventListener('abort', abort);
          settle();
        };
        const look = (): void => {
          try {
            const value = read();
            if (value !== undefined) end(() => resolve(value));
          } catch (error) {
            end(() => reject(error)); // it is the waiter's, not of whoever changed the world
          }
        };
        const abort = (): void => end(() => reject(wait.signal?.reason));
        const timer = setTimeout(() => end(() => reject(late())), wait.timeoutMs);
        waiters.add(look);
        wait.signal?.addEventListener('abort', abort, { once: true });
        if (wait.signal?.aborted) abort();
      });
    },
    objects() {
      return [...clusters.values()].flatMap((cluster) => {
        const lines = [
          ...[...cluster.places].map((peer) => `namespace liqo-tenant-${peer}`),
          ...[...cluster.tenants].map((buyer) => `tenant ${buyer}`),
          ...[...cluster.identities.keys()].map((seller) => `identity ${seller}`),
          ...[...cluster.credentials.keys()].map((acquisition) => `credentials ${acquisition}`),
          ...replicasAt(cluster.id).map((slice) => `replica ${slice.acquisition}`),
          ...[...cluster.slices.values()].map((slice) => `slice ${slice.acquisition}${slice.deleting ? ' (deleting)' : ''}`),
          ...[...cluster.namespaces.values()].filter(({ runId }) => runId !== undefined).map(({ name }) => `namespace ${name}`),
          ...[...cluster.namespaces.values()]
            .filter(({ offloadedTo }) => offloadedTo !== undefined)
            .map(({ name }) => `offloading ${name}`),
          ...[...cluster.namespaces.values()].filter(({ workload }) => workload !== undefined).map(({ name }) => `workload ${name}`),
          ...[...cluster.handedOver.keys()].map((secret) => `Secret ${secret}`),
        ];
        return lines.map((line) => `${cluster.id}: ${line}`);
      });
    },
  };
  return world;
}
