/** The port Cluster in memory; passes its contract suite. Pods run where Liqo would let them. */
import { Fault } from '../../src/domain/faults.ts';
import { type ClusterId, intentName } from '../../src/domain/ids.ts';
import type { Manifest } from '../../src/domain/manifest.ts';
import { NOTHING, type Resources, fits } from '../../src/domain/resources.ts';
import type { Cluster, WorkloadHealth } from '../../src/ports/cluster.ts';
import type { FakeNamespace, LiqoWorld } from './liqo-world.ts';

export function fakeCluster(world: LiqoWorld, id: ClusterId, capacity: Resources = { cpu: '0', memory: '0', pods: '0' }): Cluster {
  const own = world.cluster(id);
  own.capacity = capacity;
  const runs = (space: FakeNamespace): boolean => {
    const acquisition = space.workload?.acquisition;
    if (!acquisition) return fits(own.capacity, { cpu: '1m', memory: '1', pods: '1' });
    const slice = own.slices.get(acquisition);
    return (
      slice?.verdict?.accepted === true &&
      !slice.deleting &&
      !slice.stopped &&
      (world.find(slice.seller)?.reachable ?? true) &&
      (space.offloadedTo ?? []).includes(slice.seller)
    );
  };
  const health = (namespace: string, acquisition: string | undefined, manifests: readonly Manifest[]): WorkloadHealth => {
    const space = own.namespaces.get(namespace);
    if (!space?.workload) return { state: space?.offloadedTo ? 'running' : 'missing', pods: [] };
    const up = runs(space);
    const { ended } = space.workload;
    const failed = manifests.find(({ kind, metadata }) => kind === 'Job' && ended.get(metadata.name) === 'Failed');
    if (failed) return { state: 'failed', pods: [], message: `Job ${failed.metadata.name}: BackoffLimitExceeded` };
    const makesPods = manifests.filter(({ kind }) => ['Deployment', 'Job', 'Pod'].includes(kind));
    const done = makesPods.length > 0 && makesPods.every(({ kind, metadata }) => kind === 'Job' && ended.get(metadata.name) === 'Complete');
    return {
      state: done ? 'succeeded' : up ? 'running' : 'pending',
      pods: [{ name: 'pod', phase: up ? 'Running' : 'Pending', readAt: acquisition ? 'seller' : 'home' }],
    };
  };
  return {
    free: async () => ({ total: own.capacity, guests: NOTHING }),
    async ensureNamespace({ namespace, runId, intent }) {
      const known = own.namespaces.get(namespace);
      if (known && known.runId !== runId) throw new Fault('CLUSTER_REFUSED', `namespace ${namespace} is not ours`);
      if (!known) own.namespaces.set(namespace, { name: namespace, runId, intent, offloadedTo: undefined, workload: undefined });
    },
    async intentNamespaces() {
      const found = [...own.namespaces.values()].flatMap(({ name, intent, runId, offloadedFor }) => [
        ...(intent === undefined || runId === undefined ? [] : [{ intent: intentName(intent), namespace: name, runId }]),
        ...(offloadedFor ? [{ intent: intentName(offloadedFor.intent), namespace: name, runId: offloadedFor.runId }] : []),
      ]);
      return [...new Map(found.map((each) => [`${each.namespace} ${each.runId}`, each])).values()];
    },
    async removeNamespace({ namespace, runId }) {
      if (own.namespaces.get(namespace)?.runId !== runId) return;
      own.namespaces.delete(namespace);
      for (const name of own.handedOver.keys()) if (name.startsWith(`${namespace}/`)) own.handedOver.delete(name);
      world.changed();
    },
    async offload({ namespace, sellers, owner }) {
      const space = own.namespaces.get(namespace);
      if (!space) throw new Fault('CLUSTER_REFUSED', `no namespace ${namespace}`);
      if (space.offloadedFor && space.offloadedFor.runId !== owner?.runId)
        throw new Fault('CLUSTER_REFUSED', `namespace ${namespace} is offloaded already, for intent ${space.offloadedFor.intent}`);
      space.offloadedFor = owner;
      space.offloadedTo = sellers;
      world.changed();
    },
    async awaitOffloaded({ namespace }, wait) {
      await world.until(
        () => (own.namespaces.get(namespace)?.offloadedTo?.length ? true : undefined),
        wait,
        () => new Fault('PEERING_TIMEOUT', `namespace ${namespace} is not offloaded`),
      );
    },
    async moveOffloadingAway({ namespace, keep = [] }) {
      const space = own.namespaces.get(namespace);
      if (space?.offloadedTo) space.offloadedTo = keep;
      world.changed();
    },
    async removeOffloading({ namespace, runId }, wait) {
      const space = own.namespaces.get(namespace);
      if (runId !== undefined && space?.offloadedFor && space.offloadedFor.runId !== runId) return;
      const away = (): boolean => (space?.offloadedTo ?? []).some((seller) => world.find(seller)?.reachable === false);
      await world.until(
        () => (away() ? undefined : true),
        wait,
        () => new Fault('STILL_THERE', `offloading of ${namespace}`),
      );
      if (space) space.offloadedTo = space.offloadedFor = undefined;
      world.changed();
    },
    async applyWorkload({ namespace, manifests, intent, acquisition }) {
      const space = own.namespaces.get(namespace);
      if (!space) throw new Fault('CLUSTER_REFUSED', `no namespace ${namespace}`);
      const ended = new Map([...(space.workload?.ended ?? [])].filter(([, how]) => how === 'Complete'));
      if (manifests.length > 0) space.workload = { intent, manifests, acquisition, ended };
      world.changed();
    },
    async handOver({ namespace, service, acquisition, handover: { secret, endpoint } }) {
      const space = own.namespaces.get(namespace);
      if (!space) throw new Fault('CLUSTER_REFUSED', `no namespace ${namespace}`);
      if (space.workload?.manifests.some(({ kind, metadata }) => kind === 'Secret' && metadata.name === service))
        throw new Fault('CLUSTER_REFUSED', `Secret ${service} is there already in ${namespace}, and of no service`);
      const before = own.handedOver.get(`${namespace}/${service}`)?.acquisition;
      if (before !== undefined && before.split('-')[0] !== acquisition.split('-')[0])
        throw new Fault('CLUSTER_REFUSED', `Secret ${service} in ${namespace} is the service of another intent`);
      const at = endpoint && { host: endpoint.host, port: String(endpoint.port) };
      own.handedOver.set(`${namespace}/${service}`, { acquisition, values: { ...at, ...secret } });
      world.changed();
    },
    whyNotOffload: async () => undefined,
    async takeBack({ acquisition }) {
      for (const [name, service] of own.handedOver) if (service.acquisition === acquisition) own.handedOver.delete(name);
      world.changed();
    },
    async removeWorkload({ namespace }) {
      const space = own.namespaces.get(namespace);
      if (space) space.workload = undefined;
      world.changed();
    },
    async awaitWorkload({ namespace, acquisition, manifests }, wait) {
      return await world.until(
        () => {
          const now = health(namespace, acquisition, manifests);
          return ['running', 'succeeded', 'failed'].includes(now.state) ? now : undefined;
        },
        wait,
        () => new Fault('WORKLOAD_TIMEOUT', `last seen: ${health(namespace, acquisition, manifests).state}`),
      );
    },
    workloadHealth: async ({ namespace, acquisition, manifests }) => health(namespace, acquisition, manifests),
  };
}
