import { type ClusterId, clusterId as brand } from '../../domain/ids.ts';
import { Fault } from '../../domain/faults.ts';
import type { NameRules } from '../../domain/forbidden-addresses.ts';
import type { Fabric } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { isCounted } from './counting.ts';
import { enforcementCalls } from './enforcement.ts';
import { acquisitionCalls } from './fabric-acquisition.ts';
import { identityCalls } from './fabric-buyer.ts';
import { tenantCalls } from './fabric-seller.ts';
import type { Log } from './faults.ts';
import { KINDS } from './kinds.ts';
import { meetingCalls } from './meeting.ts';
import { checkRights } from './missing-rights.ts';
import type { KubeObject } from './objects.ts';
import { podPolicy } from './pod-policy.ts';
import { namespacePolicy, slicePolicy } from './policies.ts';
import { sliceCalls } from './slices.ts';
import { ownNamespace, tenantRole } from './tenant-manifests.ts';

interface ConfigMapObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

/** Reads Liqo's id of the cluster once; it never changes. CLUSTER_REFUSED when Liqo is not installed. */
export function ownClusterId(api: Api): () => Promise<ClusterId> {
  let known: ClusterId | undefined;
  return async () => {
    if (known !== undefined) return known;
    const found = await api.get<ConfigMapObject>(KINDS.configMap, { namespace: 'liqo', name: 'liqo-clusterid-configmap' });
    const id = found?.data?.['CLUSTER_ID'];
    if (!id)
      throw new Fault('CLUSTER_REFUSED', 'Liqo is not installed: there is no ConfigMap liqo/liqo-clusterid-configmap with a CLUSTER_ID');
    known = brand(id);
    return known;
  };
}

/** The port Fabric on Kubernetes and Liqo v1. */
export function kubernetesFabric(input: {
  readonly api: Api;
  readonly clusterId: () => Promise<ClusterId>;
  readonly apiAddress?: string;
  readonly rules: NameRules;
  readonly log: Log;
}): Fabric {
  const { api, clusterId, rules, log } = input;
  return {
    clusterId,
    ...enforcementCalls({ api, log }),
    async prepare() {
      await checkRights(api);
      for (const manifest of [ownNamespace(), tenantRole(), ...slicePolicy(), ...namespacePolicy(), ...podPolicy()])
        await api.apply(manifest);
      // So that the first sale need not wait for the answer.
      await isCounted(api);
    },
    ...meetingCalls(api),
    ...tenantCalls(api, { clusterId, ...(input.apiAddress !== undefined && { apiAddress: input.apiAddress }) }),
    ...sliceCalls(api),
    ...identityCalls(api, clusterId, rules),
    ...acquisitionCalls(api, clusterId),
  };
}
