import {
  type AcquisitionId,
  type ClusterId,
  type ContractId,
  OWN_NAMESPACE,
  credentialsSecret,
  identitySecret,
  sliceName,
  tenantNamespace,
} from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Resources } from '../../domain/resources.ts';
import type { SliceGpus } from '../../ports/fabric.ts';
import { LIQO_KEYS, OURS, managed } from './labels.ts';
import type { Amounts } from './objects.ts';

/** Resources as Kubernetes and Liqo name them; GPUs by their extended resource. */
export const amountsOf = ({ cpu, memory, pods, storage, gpu }: Resources, gpus?: Pick<SliceGpus, 'resource'>): Amounts => ({
  cpu,
  memory,
  pods,
  ...(storage !== undefined && { 'ephemeral-storage': storage }),
  ...(gpus && gpu !== undefined && gpu !== '0' && { [gpus.resource]: gpu }),
});

/** The request for what a contract sold: Liqo copies it to the seller, and makes the virtual node once the seller accepts. */
export const resourceSlice = (input: {
  readonly self: ClusterId;
  readonly seller: ClusterId;
  readonly acquisition: AcquisitionId;
  readonly contract: ContractId;
  readonly resources: Resources;
  readonly gpus?: Pick<SliceGpus, 'resource'>;
  readonly sliceClass: 'rearguard' | 'default';
}): Manifest => ({
  apiVersion: 'authentication.liqo.io/v1beta1',
  kind: 'ResourceSlice',
  metadata: {
    name: sliceName(input.acquisition),
    namespace: tenantNamespace(input.seller),
    labels: {
      ...managed,
      // Without the second one Liqo passes it over in silence.
      [LIQO_KEYS.replication]: 'true',
      [LIQO_KEYS.remoteId]: input.seller,
      [LIQO_KEYS.remoteCluster]: input.seller,
    },
    annotations: {
      [LIQO_KEYS.createVirtualNode]: 'true',
      [OURS.contract]: input.contract,
      [OURS.acquisition]: input.acquisition,
    },
  },
  spec: {
    class: input.sliceClass,
    consumerClusterID: input.self,
    providerClusterID: input.seller,
    resources: amountsOf(input.resources, input.gpus),
  },
});

/** What PURCHASE brought, checked and rewritten; without Liqo's labels, or replication would start at once. */
export const storedCredentials = (input: {
  readonly acquisition: AcquisitionId;
  readonly seller: ClusterId;
  readonly kubeconfig: string;
  readonly renewable: boolean;
}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: credentialsSecret(input.acquisition),
    namespace: OWN_NAMESPACE,
    labels: { ...managed, [OURS.acquisition]: input.acquisition },
    annotations: { [LIQO_KEYS.remoteCluster]: input.seller, ...(input.renewable && { [OURS.renewable]: 'true' }) },
  },
  type: 'Opaque',
  data: { kubeconfig: Buffer.from(input.kubeconfig).toString('base64') },
});

/** The Secret that starts Liqo's replication towards a seller. `unchecked`: Liqo still asks that seller with another token. */
export const remoteIdentity = (input: {
  readonly seller: ClusterId;
  readonly self: ClusterId;
  readonly kubeconfig: string;
  readonly unchecked?: boolean;
}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: identitySecret(input.seller),
    namespace: tenantNamespace(input.seller),
    labels: { ...managed, [LIQO_KEYS.identityType]: 'ControlPlane', [LIQO_KEYS.remoteCluster]: input.seller },
    annotations: {
      [LIQO_KEYS.remoteTenantNamespace]: tenantNamespace(input.self),
      ...(input.unchecked && { [OURS.unchecked]: 'true' }),
    },
  },
  type: 'Opaque',
  data: { kubeconfig: Buffer.from(input.kubeconfig).toString('base64') },
});
