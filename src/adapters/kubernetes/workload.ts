import { Fault, isFault } from '../../domain/faults.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Cluster } from '../../ports/cluster.ts';
import type { Api } from './api.ts';
import { verdictOf } from './health.ts';
import { KINDS, type Kind, kindOf } from './kinds.ts';
import { LIQO_KEYS, OURS, VIRTUAL_NODE } from './labels.ts';
import { isOurs, stillThere } from './meeting.ts';
import { type ForeignClusterObject, type NodeObject, type PodObject, conditionOf, isGoing, isReady, label } from './objects.ts';
import { waitUntil } from './watching.ts';
import { placed } from './workload-manifests.ts';

/** What a workload may bring; pods first to know, last to go. */
const KINDS_OF_WORKLOADS: readonly Kind[] = [KINDS.deployment, KINDS.job, KINDS.pod, KINDS.service, KINDS.configMap, KINDS.secret];
/** Kubernetes never changes where the pods of these run: they are made anew. */
const FIXED: ReadonlySet<string> = new Set(['Job', 'Pod']);
/** How long past its own grace a pod of a virtual node may take. */
const PATIENCE_MS = 5_000;

/** A workload put into its place, and taken away. */
export const workloadCalls = (api: Api): Pick<Cluster, 'applyWorkload' | 'removeWorkload'> => ({
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
    // Workloads are put into namespaces of ours alone: whatever is labelled so in a user's own is its user's.
    const space = await api.get(KINDS.namespace, { name: namespace });
    if (!space || !isOurs(space) || label(space, OURS.intent) === undefined) return;
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
});

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
