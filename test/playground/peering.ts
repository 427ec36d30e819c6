import fs from 'node:fs';
import { connect, type KubernetesClient, type KubernetesObject } from '../../deploy/playground/kubernetes-client.ts';
import type { RunningCluster } from '../../deploy/playground/stack.ts';
import { waitFor } from '../../deploy/playground/wait.ts';

export const clientOf = ({ dir, apiUrl }: RunningCluster): KubernetesClient => connect(dir, Number(new URL(apiUrl).port));

const AUTHENTICATION = 'authentication.liqo.io/v1beta1';
const tenantNamespace = (peer: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: `liqo-tenant-${peer}`, labels: { 'liqo.io/remote-cluster-id': peer, 'liqo.io/tenant-namespace': 'true' } },
});

/** A peering without handshake and a slice of Liqo's own class, as the fabric makes it in earnest: as much as makes Liqo want a virtual kubelet. */
export async function borrow(consumer: RunningCluster, provider: RunningCluster, slice: string): Promise<void> {
  const [here, there] = [clientOf(consumer), clientOf(provider)];
  const labels = { 'liqo.io/remote-cluster-id': consumer.name };
  const namespace = `liqo-tenant-${consumer.name}`;
  const account = { name: 'buyer', namespace };
  await there.apply(tenantNamespace(consumer.name));
  await there.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  await there.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'liqo-binding-liqo-remote-controlplane', namespace, labels },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'liqo-remote-controlplane' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  await there.apply({
    apiVersion: AUTHENTICATION,
    kind: 'Tenant',
    metadata: { name: consumer.name, namespace, labels },
    spec: { clusterID: consumer.name, authzPolicy: 'TolerateNoHandshake', tenantCondition: 'Active' },
  });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
  const { status } = await there.request<{ status: { token: string } }>(
    'POST',
    `/api/v1/namespaces/${namespace}/serviceaccounts/buyer/token`,
    request,
  );
  const ca = fs.readFileSync(`${provider.dir}/pki/ca.crt`).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'peer',
    clusters: [{ name: 'peer', cluster: { server: provider.apiUrl, 'certificate-authority-data': ca } }],
    users: [{ name: 'peer', user: { token: status.token } }],
    contexts: [{ name: 'peer', context: { cluster: 'peer', user: 'peer', namespace } }],
  };
  await here.apply(tenantNamespace(provider.name));
  await here.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `kubeconfig-controlplane-${provider.name}`,
      namespace: `liqo-tenant-${provider.name}`,
      labels: { 'liqo.io/identity-type': 'ControlPlane', 'liqo.io/remote-cluster-id': provider.name },
      annotations: { 'liqo.io/remote-tenant-namespace': namespace },
    },
    stringData: { kubeconfig: JSON.stringify(kubeconfig) },
  });
  await here.apply({
    apiVersion: AUTHENTICATION,
    kind: 'ResourceSlice',
    metadata: {
      name: slice,
      namespace: `liqo-tenant-${provider.name}`,
      labels: { 'liqo.io/replication': 'true', 'liqo.io/remoteID': provider.name, 'liqo.io/remote-cluster-id': provider.name },
      annotations: { 'liqo.io/create-virtual-node': 'true' },
    },
    spec: { class: 'default', providerClusterID: provider.name, resources: { cpu: '2', memory: '4Gi', pods: '10' } },
  });
}

interface Node {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export const isReady = ({ status }: Node): boolean =>
  status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** Waits for the node that a slice becomes. */
export async function waitForVirtualNode(consumer: RunningCluster, slice: string): Promise<void> {
  await waitFor(`virtual node ${slice}`, 120, async () => isReady(await clientOf(consumer).request<Node>('GET', `/api/v1/nodes/${slice}`)));
}
