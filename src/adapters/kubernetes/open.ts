import type { Resolve } from '../../domain/forbidden-addresses.ts';
import type { ClusterKinds } from '../../ports/cluster-kinds.ts';
import type { Cluster } from '../../ports/cluster.ts';
import type { Fabric } from '../../ports/fabric.ts';
import type { Hosting } from '../../ports/hosting.ts';
import type { KeyStore } from '../../ports/signer.ts';
import type { FlavorResources } from '../../ports/flavor-resources.ts';
import type { LocalResources } from '../../ports/local-resources.ts';
import type { ServiceBlueprints } from '../../ports/service-blueprints.ts';
import type { World } from '../../ports/world.ts';
import { openBinding } from './account.ts';
import { openApi } from './api.ts';
import { kubernetesClusterKinds } from './cluster-kinds.ts';
import { kubernetesCluster } from './cluster.ts';
import { ownConnection } from './connection.ts';
import { kubernetesHosting } from './hosting.ts';
import { kubernetesFabric, ownClusterId } from './fabric.ts';
import { type Log, faultOf } from './faults.ts';
import { secretKeyStore } from './key-store.ts';
import { checkRights } from './missing-rights.ts';
import { type SnapshotEntry, snapshotOf } from './snapshot.ts';
import { kubernetesFlavorResources } from './flavor-resources.ts';
import { kubernetesLocalResources } from './local-resources.ts';
import { kubernetesServiceBlueprints } from './service-blueprints.ts';
import { kubernetesWorld } from './world.ts';

/** One Kubernetes cluster with Liqo. */
export interface Kubernetes {
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
  /** For leak reports. */
  snapshot(): Promise<readonly SnapshotEntry[]>;
  /** The API server's version; CLUSTER_UNREACHABLE when it does not answer, CLUSTER_REFUSED when our account lacks a right. */
  ready(): Promise<string>;
  close(): void;
}

/** Rights are looked at so often when somebody asks all the time. */
const RIGHTS_MS = 60_000;
/** Does what went well again only after a while. */
function seldom(work: () => Promise<void>, everyMs: number): () => Promise<void> {
  let wellAt: number | undefined;
  return async () => {
    if (wellAt !== undefined && performance.now() - wellAt < everyMs) return;
    await work();
    wellAt = performance.now();
  };
}

/** Opens the adapters of one cluster; nothing is asked of it yet. `apiAddress`: our API server's URL as buyers reach it. CLUSTER_REFUSED when the kubeconfig cannot be read. */
export function openKubernetes(input: {
  /** A path; the pod's own account, or the user's kubeconfig, when absent. */
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly apiAddress?: string;
  /** Whether a seller's API server may be on our own machine. */
  readonly loopbackSellers?: boolean;
  /** How names of sellers' API servers are resolved. */
  readonly resolve: Resolve;
  readonly log: Log;
}): Kubernetes {
  const { log, apiAddress, resolve, loopbackSellers = false } = input;
  const rules = { loopback: loopbackSellers, resolve };
  const api = openApi(ownConnection(input), log, undefined, openBinding);
  const clusterId = ownClusterId(api);
  const rights = seldom(() => checkRights(api), RIGHTS_MS);
  return {
    fabric: kubernetesFabric({ api, clusterId, rules, log, ...(apiAddress !== undefined && { apiAddress }) }),
    cluster: kubernetesCluster({ api, clusterId, rules, log }),
    hosting: kubernetesHosting(api),
    world: kubernetesWorld({ api, log }),
    keys: secretKeyStore(api, 'node-keys', log),
    heads: secretKeyStore(api, 'audit-heads'),
    localResources: kubernetesLocalResources({ api, log }),
    flavorResources: kubernetesFlavorResources({ api, log }),
    serviceBlueprints: kubernetesServiceBlueprints({ api, log }),
    kinds: kubernetesClusterKinds({ api, log }),
    snapshot: () => snapshotOf(api),
    async ready() {
      try {
        const { gitVersion } = await api.raw<{ gitVersion: string }>('GET', '/version');
        await rights();
        return gitVersion;
      } catch (error) {
        throw faultOf(error, 'the version of the API server');
      }
    },
    close: () => api.close(),
  };
}
