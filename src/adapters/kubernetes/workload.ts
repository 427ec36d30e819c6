import { Fault, isFault } from '../../domain/faults.ts';
import type { AcquisitionId, ClusterId, IntentName } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Cluster, WorkloadHealth } from '../../ports/cluster.ts';
import type { Api } from './api.ts';
import { isRefused } from './faults.ts';
import { type Looked, healthOf, verdictOf } from './health.ts';
import { KINDS, type Kind, kindOf } from './kinds.ts';
import { LIQO_KEYS, OURS, VIRTUAL_NODE } from './labels.ts';
import { stillThere } from './meeting.ts';
import {
  type EventObject,
  type ForeignClusterObject,
  type JobObject,
  type KubeObject,
  type NodeObject,
  type OffloadingObject,
  type PodObject,
  conditionOf,
  isGoing,
  isReady,
  label,
} from './objects.ts';
import type { PodsAtSellers } from './seller-pods.ts';
import { type Look, waitUntil } from './watching.ts';
import { placed } from './workload-manifests.ts';

/** What a workload may bring; pods first to know, last to go. */
const KINDS_OF_WORKLOADS: readonly Kind[] = [KINDS.deployment, KINDS.job, KINDS.pod, KINDS.service, KINDS.configMap, KINDS.secret];
/** Kubernetes never changes where the pods of these run: they are made anew. */
const FIXED: ReadonlySet<string> = new Set(['Job', 'Pod']);
/** How long past its own grace a pod of a virtual node may take. */
const PATIENCE_MS = 5_000;

interface Ref {
  readonly namespace: string;
  readonly intent: IntentName;
  readonly acquisition?: AcquisitionId;
  readonly seller?: ClusterId;
  readonly manifests: readonly Manifest[];
}
const selector = ({ intent, acquisition }: { readonly intent: IntentName; readonly acquisition?: AcquisitionId }): string =>
  `${OURS.intent}=${intent}${acquisition === undefined ? `,!${OURS.acquisition}` : `,${OURS.acquisition}=${acquisition}`}`;

export function workloadCalls(
  api: Api,
  sellers: PodsAtSellers,
): Pick<Cluster, 'applyWorkload' | 'removeWorkload' | 'awaitWorkload' | 'workloadHealth'> {
  /** What a wait for the workload watches: what stands at home, and its pods where they run. Whoever gives `onRefused` goes on without a seller that sent an identity we will not use. */
  const looksOf = async (
    ref: Ref,
    onRefused?: (why: string) => void,
  ): Promise<{ readonly looks: readonly Look[]; readonly remote: Api | undefined; readonly asked: boolean }> => {
    const { namespace, intent, acquisition, seller } = ref;
    const home = [...new Set(ref.manifests.map((manifest) => kindOf(manifest)))].flatMap((kind) =>
      kind === undefined ? [] : [{ kind, namespace, labels: `${OURS.intent}=${intent}` }],
    );
    const offloading: Look = { kind: KINDS.namespaceOffloading, namespace, name: 'offloading' };
    const labels = selector(ref);
    if (acquisition === undefined || seller === undefined)
      return { looks: [offloading, { kind: KINDS.pod, namespace, labels }, ...home], remote: undefined, asked: false };
    if (ref.manifests.length === 0) return { looks: [offloading, { kind: KINDS.pod, namespace, labels }], remote: undefined, asked: false };
    const remote = await sellers.open({ seller, acquisition, namespace }).catch((error: unknown) => {
      if (!onRefused || !isFault(error) || error.code !== 'KUBECONFIG_REFUSED') throw error;
      onRefused(error.message);
      return undefined;
    });
    const pods: Look = remote
      ? { kind: KINDS.pod, namespace: remote.namespace, labels, api: remote.api }
      : { kind: KINDS.pod, namespace, labels };
    return { looks: [offloading, pods, ...home], remote: remote?.api, asked: true };
  };
  const read = (
    ref: Ref,
    at: { readonly remote: Api | undefined; readonly asked: boolean },
    looks: readonly Look[],
    seen: readonly (readonly KubeObject[])[],
    blind?: string,
  ): WorkloadHealth => {
    const [offloadings = [], pods = [], ...home] = seen;
    const readAt = at.asked ? ('seller' as const) : ('home' as const);
    if (ref.manifests.length === 0) {
      const phase = (offloadings[0] as OffloadingObject | undefined)?.status?.offloadingPhase;
      const state = ref.acquisition === undefined || phase === 'Ready' ? 'running' : phase === undefined ? 'missing' : 'pending';
      return { state, pods: [] };
    }
    const kinds = looks.slice(2).map(({ kind }) => kind);
    const there = new Set(
      home.flatMap((objects, i) => objects.filter((each) => !isGoing(each)).map(({ metadata }) => `${kinds[i]?.kind}/${metadata.name}`)),
    );
    const jobs = home.flatMap((objects, i) => (kinds[i] === KINDS.job ? (objects as readonly JobObject[]) : []));
    const missing = blind ?? (at.asked && !at.remote ? 'the identity of the slice is not there' : undefined);
    const looked: Looked = {
      manifests: ref.manifests,
      there,
      jobs,
      pods: at.asked && !at.remote ? [] : (pods as readonly PodObject[]),
      readAt,
      ...(missing !== undefined && { blind: missing }),
    };
    return healthOf(looked);
  };

  return {
    async applyWorkload({ manifests, ...place }) {
      for (const manifest of manifests) {
        const wanted = placed(manifest, place);
        const kind = kindOf(wanted);
        if (!kind || !KINDS_OF_WORKLOADS.includes(kind))
          throw new Fault('WORKLOAD_REFUSED', `${manifest.apiVersion} ${manifest.kind} cannot be part of a workload`, {
            kind: manifest.kind,
          });
        try {
          if (FIXED.has(kind.kind) && (await clear(api, kind, wanted)) === 'done') continue;
          await api.apply(wanted);
        } catch (error) {
          if (!isFault(error) || error.code !== 'CLUSTER_REFUSED') throw error;
          throw new Fault('WORKLOAD_REFUSED', error.message, { kind: kind.kind, name: manifest.metadata.name });
        }
      }
    },

    async removeWorkload({ namespace, intent }, wait) {
      const labels = `${OURS.intent}=${intent}`;
      for (const kind of KINDS_OF_WORKLOADS) {
        const { items } = await api.list(kind, { namespace, labels });
        for (const object of items) if (!isGoing(object)) await api.remove(kind, { namespace, name: object.metadata.name });
      }
      await waitUntil({
        api,
        looks: [
          { kind: KINDS.pod, namespace, labels },
          { kind: KINDS.node, labels: `${LIQO_KEYS.nodeType}=${VIRTUAL_NODE}` },
          { kind: KINDS.foreignCluster },
        ],
        async read([pods = [], nodes = [], clusters = []], say, again) {
          if (pods.length === 0) return true;
          say(`pods ${pods.map(({ metadata }) => metadata.name).join(', ')}`);
          for (const pod of pods as readonly PodObject[]) {
            const { name } = pod.metadata;
            if (!isGoing(pod)) {
              await api.remove(KINDS.pod, { namespace, name });
              continue;
            }
            const at = forceAt(pod, nodes, clusters);
            if (at === undefined) continue;
            if (at <= Date.now()) await api.remove(KINDS.pod, { namespace, name }, { grace: 0 });
            else again(at);
          }
          return undefined;
        },
        wait,
        late: (last) => stillThere(`the workload of ${intent}`, last),
      });
    },

    async awaitWorkload(ref, wait) {
      const at = await looksOf(ref);
      if (at.asked && !at.remote)
        throw new Fault('WORKLOAD_TIMEOUT', `the slice of ${ref.acquisition} has no identity at the seller`, { intent: ref.intent });
      let last: WorkloadHealth = { state: 'missing', pods: [] };
      try {
        return await waitUntil({
          api,
          looks: at.looks,
          read(seen, say) {
            last = read(ref, at, at.looks, seen);
            if (last.state === 'running' || last.state === 'succeeded' || last.state === 'failed') return last;
            say(
              `${last.state}: ${last.pods.map(({ name, phase, message }) => `${name} ${phase}${message ? ` (${message})` : ''}`).join(', ') || 'no pods'}`,
            );
            return undefined;
          },
          wait,
          late: (words) =>
            new Fault('WORKLOAD_TIMEOUT', `the workload of ${ref.intent} does not run in time; last seen: ${words}`, {
              intent: ref.intent,
            }),
        });
      } catch (error) {
        if (!isFault(error) || error.code !== 'WORKLOAD_TIMEOUT') throw error;
        const complaint = await lastComplaint(api, ref);
        throw complaint === undefined ? error : new Fault('WORKLOAD_TIMEOUT', `${error.message}; ${complaint}`, error.facts);
      } finally {
        at.remote?.close();
      }
    },

    async workloadHealth(ref) {
      let blind: string | undefined;
      const at = await looksOf(ref, (why) => {
        blind = why;
      });
      try {
        const seen = await Promise.all(
          at.looks.map(async (look) => {
            try {
              return (await (look.api ?? api).list(look.kind, look)).items;
            } catch (error) {
              if (look.api === undefined || !isFault(error)) throw error;
              blind = error.message;
              return [];
            }
          }),
        );
        return read(ref, at, at.looks, seen, blind);
      } finally {
        at.remote?.close();
      }
    },
  };
}

/** Takes a Job or Pod away that stands in another place, so that it can be made in this one; at once, since two of one name cannot be. A Job that succeeded is done wherever that was. */
async function clear(api: Api, kind: Kind, wanted: Manifest): Promise<'done' | undefined> {
  const { name, namespace = '' } = wanted.metadata;
  const there = await api.get(kind, { namespace, name });
  if (!there) return;
  if (label(there, OURS.intent) !== wanted.metadata.labels?.[OURS.intent]) return; // the apply will tell
  if (kind === KINDS.job && !isGoing(there) && verdictOf(there)?.state === 'succeeded') return 'done';
  if (!isGoing(there) && label(there, OURS.acquisition) === wanted.metadata.labels?.[OURS.acquisition]) return;
  await api.remove(kind, { namespace, name }, kind === KINDS.pod ? { grace: 0 } : {});
}

/** When a pod that is going may be forced: at once when its virtual node or seller is dead, else some seconds past its grace; never on a worker of ours. */
function forceAt(pod: PodObject, nodes: readonly NodeObject[], clusters: readonly ForeignClusterObject[]): number | undefined {
  const { nodeName } = pod.spec ?? {};
  if (nodeName === undefined || label(pod, OURS.acquisition) === undefined) return undefined;
  const node = nodes.find(({ metadata }) => metadata.name === nodeName);
  const seller = node && clusters.find(({ metadata }) => metadata.name === label(node, LIQO_KEYS.remoteCluster));
  const reachable = conditionOf(seller?.status?.conditions, 'APIServerStatus')?.status;
  if (!node || !isReady(node) || (reachable !== undefined && reachable !== 'Established')) return 0;
  return Date.parse(pod.metadata.deletionTimestamp ?? '') + PATIENCE_MS;
}

/** The last warning about the workload's pods at home: there Liqo and the scheduler say why a pod does not come up. */
async function lastComplaint(api: Api, { namespace, manifests }: Ref): Promise<string | undefined> {
  if (manifests.length === 0) return undefined;
  try {
    const { items } = await api.list<EventObject>(KINDS.event, { namespace });
    const [last] = items
      .filter(({ type }) => type === 'Warning')
      .toSorted((a, b) =>
        (b.lastTimestamp ?? b.metadata.creationTimestamp ?? '').localeCompare(a.lastTimestamp ?? a.metadata.creationTimestamp ?? ''),
      );
    return last?.message?.slice(0, 300);
  } catch (error) {
    if (isFault(error) || isRefused(error)) return undefined;
    throw error;
  }
}
