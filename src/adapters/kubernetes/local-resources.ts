import { isExtendedResource } from '../../domain/gpu.ts';
import { canonical, formatQuantity, parseQuantity } from '../../domain/quantity.ts';
import { NOTHING, type Resources, add } from '../../domain/resources.ts';
import type { ClusterNode } from '../../domain/stock.ts';
import type { LocalResources } from '../../ports/local-resources.ts';
import type { Api } from './api.ts';
import { allocatableOf, extendedRequestsOf, isGuest, requestsOf } from './capacity.ts';
import type { Log } from './faults.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, VIRTUAL_NODE } from './labels.ts';
import { keepHolding } from './lease.ts';
import { type ContainerObject, type KubeObject, type NodeObject, type PodObject, isReady, label } from './objects.ts';
import { openSettling } from './settling.ts';
import { type Measured, type Usage, inGrains, podKey, readUsage, sumOf } from './usage.ts';
import { type Look, follow } from './following.ts';

const LEASE = 'local-resources';

/** Pods that ended request nothing. */
const LIVING_PODS = 'status.phase!=Succeeded,status.phase!=Failed';
/** How Kubernetes itself says by taints that a node is not Ready or cordoned. */
const ITS_STATE = 'node.kubernetes.io/';

/** Of a pod what it requests and whose it is: a cluster may have ten thousands. */
const spare = (pod: PodObject): PodObject => {
  const containers = (list: readonly ContainerObject[] | undefined): readonly ContainerObject[] =>
    (list ?? []).map(({ restartPolicy, resources: { requests } = {} }) => ({
      ...(restartPolicy !== undefined && { restartPolicy }),
      ...(requests && { resources: { requests } }),
    }));
  const { name, namespace } = pod.metadata;
  const { nodeName, overhead, resources: { requests } = {} } = pod.spec ?? {};
  const { ownerReferences } = pod.metadata;
  return {
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(ownerReferences && { ownerReferences }),
    },
    spec: {
      containers: containers(pod.spec?.containers),
      initContainers: containers(pod.spec?.initContainers),
      ...(nodeName !== undefined && { nodeName }),
      ...(overhead && { overhead }),
      ...(requests && { resources: { requests } }),
    },
  };
};

/** Nodes with what our own pods request of them. A buyer's pods use what is sold, which the ledger takes off already. */
export function nodesOf(nodes: Iterable<NodeObject>, pods: Iterable<PodObject>, usage?: Usage): readonly ClusterNode[] {
  const own = new Map<string, Resources>();
  const used = new Map<string, Measured>();
  const extended = new Map<string, Map<string, bigint>>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node === undefined || isGuest(pod)) continue;
    own.set(node, add(own.get(node) ?? NOTHING, requestsOf(pod)));
    const measured = usage?.get(podKey(pod.metadata));
    if (measured) used.set(node, sumOf(used.get(node), measured));
    for (const [name, amount] of extendedRequestsOf(pod)) {
      const there = extended.get(node) ?? new Map<string, bigint>();
      extended.set(node, there.set(name, (there.get(name) ?? 0n) + amount));
    }
  }
  return [...nodes]
    .filter((node) => label(node, LIQO_KEYS.nodeType) !== VIRTUAL_NODE)
    .map((node) => ({
      name: node.metadata.name,
      labels: node.metadata.labels ?? {},
      annotations: node.metadata.annotations ?? {},
      allocatable: allocatableOf(node),
      own: own.get(node.metadata.name) ?? NOTHING,
      ...(usage && { used: inGrains(used.get(node.metadata.name)) }),
      extended: Object.fromEntries(
        Object.entries(node.status?.allocatable ?? {})
          .filter(([name, count]) => isExtendedResource(name) && parseQuantity(count) !== undefined)
          .map(([name, count]) => [
            name,
            { allocatable: canonical(count), own: formatQuantity(extended.get(node.metadata.name)?.get(name) ?? 0n) },
          ]),
      ),
      ready: isReady(node) && node.metadata.deletionTimestamp === undefined,
      cordoned: node.spec?.unschedulable === true,
      tainted: (node.spec?.taints ?? []).some(
        ({ key, effect }) => !key.startsWith(ITS_STATE) && (effect === 'NoSchedule' || effect === 'NoExecute'),
      ),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The port LocalResources: nodes and living pods, watched under the Lease `local-resources`. */
export function kubernetesLocalResources({ api, log }: { readonly api: Api; readonly log: Log }): LocalResources {
  return {
    async watch(sink, signal, usageEveryMs) {
      const work = async (held: AbortSignal): Promise<void> => {
        log.info({}, 'this process watches nodes and their pods');
        const ending = new AbortController();
        const stop = (): void => ending.abort();
        held.addEventListener('abort', stop, { once: true });
        let nodes: ReadonlyMap<string, NodeObject> | undefined;
        let pods: ReadonlyMap<string, PodObject> | undefined;
        let usage: Usage | undefined;
        let anew = true;
        const telling = openSettling(
          () => nodes && pods && nodesOf(nodes.values(), pods.values(), usage),
          async (seen) => {
            const again = await sink(seen, anew);
            anew = false;
            return again;
          },
        );
        const following = <T extends KubeObject>(look: Look, learn: (objects: ReadonlyMap<string, T>) => void, keep?: (object: T) => T) =>
          follow<T>({
            api,
            look,
            signal: ending.signal,
            onState(objects) {
              learn(objects);
              telling.changed();
            },
            onTrouble: (fault) => log.warn({ code: fault.code, why: fault.message }, 'the watch is interrupted'),
            ...(keep && { keep }),
          });
        try {
          await Promise.race([
            telling.failed,
            following<NodeObject>({ kind: KINDS.node }, (objects) => (nodes = objects)),
            following<PodObject>({ kind: KINDS.pod, fields: LIVING_PODS }, (objects) => (pods = objects), spare),
            ...(usageEveryMs === undefined
              ? []
              : [
                  readUsage({ api, log, everyMs: usageEveryMs, signal: ending.signal }, (measured) => {
                    usage = measured;
                    telling.changed();
                  }),
                ]),
          ]);
        } finally {
          telling.stop();
          stop();
          held.removeEventListener('abort', stop);
        }
      };
      await keepHolding({ api, name: LEASE, signal, log, work });
    },
  };
}
