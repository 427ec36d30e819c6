/**
 * Every kind of thing that we, or Liqo for us, make in a cluster: where, who deletes it, who else may use it. The leak report takes from it what it looks
 * for; whoever changes a manifest or a teardown finds here whom that concerns.
 */
export interface OwnedKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** Where it lies: `cluster`, the peer's tenant namespace, the intent's namespace (at the seller: its copy), that of an instance of a blueprint (at its buyer `hosted`), or our own namespace. */
  readonly in: 'cluster' | 'tenant' | 'intent' | 'instance' | 'hosted' | 'own';
  readonly side: 'buyer' | 'seller' | 'both';
  readonly deletedBy: string;
  readonly sharedBy: string;
}

export const LIQO = {
  auth: 'authentication.liqo.io/v1beta1',
  offloading: 'offloading.liqo.io/v1beta1',
  core: 'core.liqo.io/v1beta1',
} as const;
const RBAC = 'rbac.authorization.k8s.io/v1';

/** What holds a stranger's service, and what only such a one has; the rest of its kinds are in other namespaces too. */
const HOSTED = { in: 'hosted', side: 'buyer', deletedBy: 'acquireService, with the namespace', sharedBy: 'nobody' } as const;

export const OWNED_KINDS = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    in: 'cluster',
    side: 'both',
    deletedBy: 'peering (tenant), fulfilIntent (intent), Liqo (remote copy), serveContract (instance), acquireService (hosted)',
    sharedBy: 'every contract with the peer',
  },
  {
    apiVersion: LIQO.core,
    kind: 'ForeignCluster',
    in: 'cluster',
    side: 'both',
    deletedBy: 'peering',
    sharedBy: 'every contract with the peer',
  },
  { apiVersion: 'v1', kind: 'Node', in: 'cluster', side: 'buyer', deletedBy: 'Liqo, with the slice', sharedBy: 'nobody' },
  {
    apiVersion: LIQO.auth,
    kind: 'Tenant',
    in: 'tenant',
    side: 'seller',
    deletedBy: 'peering',
    sharedBy: 'every sold contract of the buyer',
  },
  { apiVersion: LIQO.auth, kind: 'ResourceSlice', in: 'tenant', side: 'both', deletedBy: 'acquireFlavor (copy: Liqo)', sharedBy: 'nobody' },
  { apiVersion: LIQO.auth, kind: 'Identity', in: 'tenant', side: 'buyer', deletedBy: 'Liqo, with the slice', sharedBy: 'nobody' },
  { apiVersion: LIQO.auth, kind: 'Renew', in: 'tenant', side: 'both', deletedBy: 'Liqo, with the slice', sharedBy: 'nobody' },
  { apiVersion: LIQO.offloading, kind: 'Quota', in: 'tenant', side: 'seller', deletedBy: 'Liqo, with the slice', sharedBy: 'nobody' },
  { apiVersion: LIQO.offloading, kind: 'VirtualNode', in: 'tenant', side: 'buyer', deletedBy: 'Liqo, with the slice', sharedBy: 'nobody' },
  {
    apiVersion: LIQO.offloading,
    kind: 'NamespaceMap',
    in: 'tenant',
    side: 'both',
    deletedBy: 'Liqo, with the last slice',
    sharedBy: 'every contract with the peer',
  },
  { apiVersion: LIQO.offloading, kind: 'NamespaceOffloading', in: 'intent', side: 'buyer', deletedBy: 'fulfilIntent', sharedBy: 'nobody' },
  { apiVersion: LIQO.offloading, kind: 'ShadowPod', in: 'intent', side: 'seller', deletedBy: 'Liqo, with the pod', sharedBy: 'nobody' },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    in: 'tenant',
    side: 'both',
    deletedBy: 'acquireFlavor, peering, Liqo',
    sharedBy: 'identity: every bought contract of the seller',
  },
  { apiVersion: 'v1', kind: 'Secret', in: 'own', side: 'buyer', deletedBy: 'acquireFlavor', sharedBy: 'nobody' },
  { apiVersion: 'v1', kind: 'Secret', in: 'intent', side: 'buyer', deletedBy: 'acquireService', sharedBy: 'the workload' },
  {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    in: 'tenant',
    side: 'both',
    deletedBy: 'peering (seller), Liqo (virtual kubelets)',
    sharedBy: 'every sold contract of the buyer',
  },
  { apiVersion: RBAC, kind: 'RoleBinding', in: 'tenant', side: 'both', deletedBy: 'peering', sharedBy: 'every sold contract of the buyer' },
  {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    in: 'tenant',
    side: 'seller',
    deletedBy: 'peering',
    sharedBy: 'every sold contract of the buyer',
  },
  {
    apiVersion: RBAC,
    kind: 'ClusterRoleBinding',
    in: 'cluster',
    side: 'buyer',
    deletedBy: 'Liqo, with the virtual node',
    sharedBy: 'nobody',
  },
  { apiVersion: 'apps/v1', kind: 'Deployment', in: 'tenant', side: 'buyer', deletedBy: 'Liqo, with the virtual node', sharedBy: 'nobody' },
  { apiVersion: 'v1', kind: 'Secret', in: 'instance', side: 'seller', deletedBy: 'serveContract, with the namespace', sharedBy: 'nobody' },
  { apiVersion: 'v1', kind: 'Service', in: 'instance', side: 'seller', deletedBy: 'serveContract, with the namespace', sharedBy: 'nobody' },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    in: 'instance',
    side: 'seller',
    deletedBy: 'serveContract, with the namespace',
    sharedBy: 'nobody',
  },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    in: 'instance',
    side: 'seller',
    deletedBy: 'serveContract, with the namespace',
    sharedBy: 'nobody',
  },
  ...(
    [
      ['v1', 'ResourceQuota'],
      ['v1', 'LimitRange'],
      ['networking.k8s.io/v1', 'NetworkPolicy'],
      ['v1', 'PersistentVolumeClaim'],
    ] as const
  ).map(([apiVersion, kind]) => ({ ...HOSTED, apiVersion, kind })),
  { apiVersion: 'v1', kind: 'Pod', in: 'intent', side: 'both', deletedBy: 'fulfilIntent', sharedBy: 'nobody' },
] as const satisfies readonly OwnedKind[];
