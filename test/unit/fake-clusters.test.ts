import { clusterId } from '../../src/domain/ids.ts';
import { clusterContract } from '../contracts/cluster.ts';
import { type LinkedClusters, fabricContract } from '../contracts/fabric.ts';
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
    objects: async () => world.objects(),
    close: async () => undefined,
  };
};

fabricContract('in memory', start);
clusterContract('in memory', start);
