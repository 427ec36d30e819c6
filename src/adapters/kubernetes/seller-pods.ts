import { Fault } from '../../domain/faults.ts';
import type { NameRules } from '../../domain/forbidden-addresses.ts';
import { type AcquisitionId, type ClusterId, remoteNamespace, sliceKubeconfigSecret, tenantNamespace } from '../../domain/ids.ts';
import { type Api, openApi } from './api.ts';
import { foreignConnection } from './connection.ts';
import type { Log } from './faults.ts';
import { foreignPod } from './foreign-pod.ts';
import { KINDS } from './kinds.ts';
import { parseSliceKubeconfig } from './kubeconfig.ts';
import type { SecretObject } from './objects.ts';

/** Where the pods of an acquisition run, seen with the slice's own identity: at home Liqo goes on showing pods that are no more. */
export interface PodsAtSellers {
  /** `undefined` while Liqo has not made the identity. KUBECONFIG_REFUSED when the seller sent one that we will not use. */
  open(input: {
    readonly seller: ClusterId;
    readonly acquisition: AcquisitionId;
    readonly namespace: string;
  }): Promise<{ readonly api: Api; readonly namespace: string } | undefined>;
}

export function openPodsAtSellers(input: {
  readonly api: Api;
  readonly clusterId: () => Promise<ClusterId>;
  readonly rules: NameRules;
  readonly log: Log;
}): PodsAtSellers {
  const { api, clusterId, rules, log } = input;
  return {
    async open({ seller, acquisition, namespace }) {
      const secret = await api.get<SecretObject>(KINDS.secret, {
        namespace: tenantNamespace(seller),
        name: sliceKubeconfigSecret(acquisition),
      });
      const data = secret?.data?.['kubeconfig'];
      if (data === undefined) return undefined;
      const access = parseSliceKubeconfig(Buffer.from(data, 'base64').toString('utf8'));
      if (access.certificate === undefined) throw new Fault('KUBECONFIG_REFUSED', `the identity of ${acquisition} has no certificate`);
      return { api: openApi(foreignConnection(access, rules), log, foreignPod), namespace: remoteNamespace(namespace, await clusterId()) };
    },
  };
}
