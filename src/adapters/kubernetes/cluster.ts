import { Fault, isFault } from '../../domain/faults.ts';
import type { NameRules } from '../../domain/forbidden-addresses.ts';
import { type ClusterId, intentName } from '../../domain/ids.ts';
import type { Cluster } from '../../ports/cluster.ts';
import type { Api } from './api.ts';
import { free } from './capacity.ts';
import { type Log, faultOf, isRefused } from './faults.ts';
import { handoverCalls } from './handover.ts';
import { KINDS, pathOf } from './kinds.ts';
import { OURS, REARGUARD } from './labels.ts';
import { isOurs, stillThere } from './meeting.ts';
import { whyNotOffload } from './missing-rights.ts';
import { type OffloadingObject, isGoing, label } from './objects.ts';
import { openPodsAtSellers } from './seller-pods.ts';
import { waitUntil } from './watching.ts';
import { workloadLooks } from './workload-looks.ts';
import { workloadCalls } from './workload.ts';
import { intentNamespaceManifest, namespaceOffloading } from './workload-manifests.ts';

const OFFLOADING_NAME = 'offloading';

/** The port Cluster on Kubernetes and Liqo v1. */
export function kubernetesCluster(input: {
  readonly api: Api;
  readonly clusterId: () => Promise<ClusterId>;
  readonly rules: NameRules;
  readonly log: Log;
}): Cluster {
  const { api, clusterId, rules, log } = input;
  return {
    free: (architecture, gpu) => free(api, architecture, gpu),
    whyNotOffload: ({ namespace }) => whyNotOffload(api, namespace),
    ...namespaceCalls(api),
    ...offloadingCalls(api),
    ...workloadCalls(api),
    ...handoverCalls(api),
    ...workloadLooks(api, openPodsAtSellers({ api, clusterId, rules, log })),
  };
}

const namespaceCalls = (api: Api): Pick<Cluster, 'ensureNamespace' | 'intentNamespaces' | 'removeNamespace'> => ({
  async ensureNamespace({ intent, namespace, runId }) {
    try {
      await api.raw('POST', `${pathOf(KINDS.namespace)}?fieldManager=${REARGUARD}`, intentNamespaceManifest({ intent, namespace, runId }));
      return;
    } catch (error) {
      if (!isRefused(error, 409)) throw faultOf(error, `create namespace ${namespace}`);
    }
    const there = await api.get(KINDS.namespace, { name: namespace });
    if (!there) throw new Fault('STILL_THERE', `namespace ${namespace} was there a moment ago`, { namespace });
    if (label(there, OURS.run) !== runId)
      throw new Fault('CLUSTER_REFUSED', `namespace ${namespace} is there already and not this intent's`, { namespace });
    if (isGoing(there)) throw new Fault('STILL_THERE', `namespace ${namespace} is on its way out`, { namespace });
  },
  async intentNamespaces() {
    const labels = `${OURS.managedBy}=${REARGUARD},${OURS.intent},${OURS.run}`;
    const [own, offloadings] = await Promise.all([
      api.list(KINDS.namespace, { labels }),
      api.list<OffloadingObject>(KINDS.namespaceOffloading, { labels }),
    ]);
    const found = [...own.items, ...offloadings.items].map((there) => ({
      intent: intentName(label(there, OURS.intent) ?? ''),
      namespace: there.metadata.namespace ?? there.metadata.name,
      runId: label(there, OURS.run) ?? '',
    }));
    return [...new Map(found.map((each) => [`${each.namespace} ${each.runId}`, each])).values()];
  },
  async removeNamespace({ namespace, runId }, wait) {
    const there = await api.get(KINDS.namespace, { name: namespace });
    if (!there || !isOurs(there) || label(there, OURS.run) !== runId) return;
    if (!isGoing(there)) await api.remove(KINDS.namespace, { name: namespace });
    await waitUntil({
      api,
      looks: [{ kind: KINDS.namespace, name: namespace }],
      read([namespaces = []], say) {
        const [left] = namespaces;
        if (!left || left.metadata.uid !== there.metadata.uid) return true;
        say(`namespace ${namespace} is going`);
        return undefined;
      },
      wait,
      late: (last) => stillThere(`namespace ${namespace}`, last),
    });
  },
});

/** The run for which a namespace is offloaded; earlier releases did not write it down. */
function ownerOf(offloading: OffloadingObject): { readonly intent: string; readonly runId: string } | undefined {
  const [intent, runId] = [label(offloading, OURS.intent), label(offloading, OURS.run)];
  return intent === undefined || runId === undefined ? undefined : { intent, runId };
}

function offloadingCalls(api: Api): Pick<Cluster, 'offload' | 'awaitOffloaded' | 'moveOffloadingAway' | 'removeOffloading'> {
  const where = (namespace: string) => ({ namespace, name: OFFLOADING_NAME });
  const present = async (namespace: string): Promise<OffloadingObject | undefined> =>
    await api.get<OffloadingObject>(KINDS.namespaceOffloading, where(namespace));
  return {
    async offload({ namespace, sellers, owner }) {
      const there = await present(namespace);
      const { intent, runId } = (there && ownerOf(there)) ?? {};
      if (there && !isOurs(there))
        throw new Fault('CLUSTER_REFUSED', `namespace ${namespace} is offloaded already, by somebody else`, { namespace });
      if (runId !== undefined && runId !== owner?.runId)
        throw new Fault('CLUSTER_REFUSED', `namespace ${namespace} is offloaded already, for intent ${intent}`, { namespace });
      if (there && isGoing(there)) throw new Fault('STILL_THERE', `the offloading of ${namespace} is on its way out`, { namespace });
      await api.apply(namespaceOffloading({ namespace, sellers, owner }));
    },
    async awaitOffloaded({ namespace }, wait) {
      await waitUntil({
        api,
        looks: [{ kind: KINDS.namespaceOffloading, ...where(namespace) }],
        read([found = []], say) {
          const offloading = found[0] as OffloadingObject | undefined;
          const { offloadingPhase: phase, observedGeneration } = offloading?.status ?? {};
          const current = (observedGeneration ?? 0) >= (offloading?.metadata.generation ?? 0);
          if (phase === 'Ready' && current) return true;
          say(offloading ? `phase ${phase ?? 'not known yet'}${current ? '' : ' (of before)'}` : 'no NamespaceOffloading');
          return undefined;
        },
        wait,
        late: (last) => new Fault('PEERING_TIMEOUT', `namespace ${namespace} is not offloaded in time; last seen: ${last}`, { namespace }),
      });
    },
    async moveOffloadingAway({ namespace, keep = [] }) {
      const there = await present(namespace);
      if (!there || !isOurs(there) || isGoing(there)) return;
      try {
        await api.apply(namespaceOffloading({ namespace, sellers: keep, owner: ownerOf(there) }));
      } catch (error) {
        if (!isFault(error) || (await present(namespace))) throw error;
      }
    },
    async removeOffloading({ namespace, runId }, wait) {
      const there = await present(namespace);
      if (!there || !isOurs(there)) return;
      const owner = ownerOf(there);
      if (owner !== undefined && runId !== undefined && owner.runId !== runId) return;
      if (!isGoing(there)) await api.remove(KINDS.namespaceOffloading, where(namespace));
      await waitUntil({
        api,
        looks: [{ kind: KINDS.namespaceOffloading, ...where(namespace) }],
        read([found = []], say) {
          const offloading = found[0] as OffloadingObject | undefined;
          if (!offloading) return true;
          say(`phase ${offloading.status?.offloadingPhase ?? 'not known'}`);
          return undefined;
        },
        wait,
        late: (last) => stillThere(`the offloading of ${namespace}`, last),
      });
    },
  };
}
