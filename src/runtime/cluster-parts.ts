import type { Logger } from 'pino';
import { openKubernetes } from '../adapters/kubernetes/open.ts';
import type { ClusterKinds } from '../ports/cluster-kinds.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Fabric } from '../ports/fabric.ts';
import type { Hosting } from '../ports/hosting.ts';
import type { KeyStore } from '../ports/signer.ts';
import type { FlavorResources } from '../ports/flavor-resources.ts';
import type { LocalResources } from '../ports/local-resources.ts';
import type { ServiceBlueprints } from '../ports/service-blueprints.ts';
import type { World } from '../ports/world.ts';
import type { Configuration } from './configuration.ts';
import { resolveName } from './resolve-name.ts';

/** What a node needs of its Kubernetes cluster and Liqo. */
export interface ClusterParts {
  readonly fabric: Fabric;
  readonly cluster: Cluster;
  readonly hosting: Hosting;
  readonly world: World;
  /** Where the node's own keys lie when no file is named for them. */
  readonly keys: KeyStore;
  /** The same for the signed heads of its audit. */
  readonly heads: KeyStore;
  readonly localResources: LocalResources;
  readonly flavorResources: FlavorResources;
  readonly serviceBlueprints: ServiceBlueprints;
  readonly kinds: ClusterKinds;
  /** Fails while the API server does not answer. */
  ready(): Promise<unknown>;
  close(): void;
}

/** Opens the adapters of a node's cluster. */
export function openClusterParts(
  { cluster: { kubeconfig, context, apiAddress, loopbackSellers } }: Configuration,
  log: Logger,
): ClusterParts {
  return openKubernetes({
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
    ...(apiAddress !== undefined && { apiAddress }),
    loopbackSellers,
    resolve: resolveName,
    log,
  });
}
