/** The labels and annotations that we set or read. */

export const OURS = {
  /** On whatever we made: nothing else is ever deleted by us. */
  managedBy: 'app.kubernetes.io/managed-by',
  intent: 'rearguard.dev/intent',
  run: 'rearguard.dev/run',
  acquisition: 'rearguard.dev/acquisition',
  contract: 'rearguard.dev/contract',
  /** On what a seller handed over: of which service of the intent. Never together with the intent, by which a workload is removed. */
  service: 'rearguard.dev/service',
  /** On an instance's namespace: it was ready once. */
  ready: 'rearguard.dev/ready',
  /** On pods: which manifest of the workload made them. */
  manifest: 'rearguard.dev/manifest',
  /** On a tenant's namespace: contracts whose slices we took away, with blanks between. */
  ended: 'rearguard.dev/ended-contracts',
  /** On credentials of a seller who is asked for new ones every day. */
  renewable: 'rearguard.dev/renewable',
  /** On an identity whose token is newer than the one with which Liqo asks that seller. */
  unchecked: 'rearguard.dev/unchecked',
  /** On a ForeignCluster: when we made Liqo look at it, in milliseconds since the epoch. */
  looked: 'rearguard.dev/looked',
} as const;

export const LIQO_KEYS = {
  remoteCluster: 'liqo.io/remote-cluster-id',
  tenantNamespace: 'liqo.io/tenant-namespace',
  /** On a namespace that Liqo made for a buyer: by which map, as `namespace/name`, and how the buyer calls it. */
  managedByMap: 'liqo.io/managed-by-namespace-map',
  originalName: 'liqo.io/original-name',
  replication: 'liqo.io/replication',
  replicated: 'liqo.io/replicated',
  remoteId: 'liqo.io/remoteID',
  origin: 'liqo.io/originID',
  identityType: 'liqo.io/identity-type',
  remoteTenantNamespace: 'liqo.io/remote-tenant-namespace',
  createVirtualNode: 'liqo.io/create-virtual-node',
  cordon: 'liqo.io/cordon',
  creator: 'liqo.io/creator-user',
  /** On shadow pods and their pods: whose they are. */
  podOrigin: 'offloading.liqo.io/origin',
  nodeType: 'liqo.io/type',
  notAllowed: 'virtual-node.liqo.io/not-allowed',
} as const;

export const REARGUARD = 'rearguard';
export const managed = { [OURS.managedBy]: REARGUARD } as const;
export const VIRTUAL_NODE = 'virtual-node';
