import { clusterId } from '../../src/domain/ids.ts';
import type { WorldEvent } from '../../src/ports/world.ts';
import { clusterContract } from '../contracts/cluster.ts';
import { fabricContract } from '../contracts/fabric.ts';
import type { LinkedClusters } from '../contracts/linked.ts';
import { fakeCluster } from '../fakes/cluster.ts';
import { fakeFabric } from '../fakes/fabric.ts';
import { liqoWorld } from '../fakes/liqo-world.ts';

const start = async (): Promise<LinkedClusters> => {
  const world = liqoWorld();
  const side = (name: string) => {
    const id = clusterId(name);
    return { id, fabric: fakeFabric(world, id), cluster: fakeCluster(world, id, { cpu: '4', memory: '8Gi', pods: '110' }) };
  };
  return {
    buyer: side('south'),
    seller: side('north'),
    timeoutMs: 1_000,
    world: {
      async watch(sink, signal) {
        const { sinks } = world.cluster(clusterId('south'));
        const tell = (event: WorldEvent): void => void sink(event);
        sinks.add(tell);
        signal.addEventListener('abort', () => sinks.delete(tell), { once: true });
      },
    },
    endJob: async ({ namespace, name, how }) => world.endJob(clusterId('south'), namespace, name, how),
    secretOf: async ({ namespace, name }) => world.cluster(clusterId('south')).handedOver.get(`${namespace}/${name}`)?.values,
    objects: async () => world.objects(),
    close: async () => undefined,
  };
};

fabricContract('in memory', start);
clusterContract('in memory', start);
