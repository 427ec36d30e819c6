import type { Logger } from 'pino';
import { Fault } from '../domain/faults.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Fabric } from '../ports/fabric.ts';
import type { World } from '../ports/world.ts';
import type { Configuration } from './configuration.ts';

/** What a node needs of its Kubernetes cluster and Liqo. */
export interface ClusterParts {
  readonly fabric: Fabric;
  readonly cluster: Cluster;
  readonly world: World;
}

/**
 * Opens the adapters of a node's cluster.
 * NOT THERE YET: the adapters for Kubernetes and Liqo are being written; until they are wired here, every call says so, and `/readyz` with it.
 */
export function openClusterParts(_configuration: Configuration, _log: Logger): ClusterParts {
  const absent = new Proxy(
    {},
    {
      get: (_, call) => async () => {
        throw new Fault('CLUSTER_UNREACHABLE', `the adapter for Kubernetes is not wired yet (${String(call)})`);
      },
    },
  );
  return { fabric: absent as Fabric, cluster: absent as Cluster, world: absent as World };
}
