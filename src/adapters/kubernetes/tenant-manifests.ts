import { type ClusterId, OWN_NAMESPACE, tenantAccount, tenantNamespace } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { LIQO_KEYS, managed } from './labels.ts';

const AUTH = 'authentication.liqo.io';
const RBAC = 'rbac.authorization.k8s.io';

/** The role of every tenant, and the name of the binding and of the quota in its namespace. */
export const TENANT_ROLE = 'rearguard-tenant';

export const ownNamespace = (): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: OWN_NAMESPACE, labels: managed },
});

/** Where we and a peer meet; Liqo goes by the labels. */
export const meetingPlace = (peer: ClusterId): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: tenantNamespace(peer),
    labels: { ...managed, [LIQO_KEYS.remoteCluster]: peer, [LIQO_KEYS.tenantNamespace]: 'true' },
  },
});

/**
 * What a tenant may do, in its own namespace only. Liqo's own role, `liqo-remote-controlplane`, also lets it write `status`: with that a
 * tenant accepts its own slice, in any size.
 */
export const tenantRole = (): Manifest => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'ClusterRole',
  metadata: { name: TENANT_ROLE, labels: managed },
  rules: [
    { apiGroups: [AUTH], resources: ['renews', 'resourceslices'], verbs: VERBS },
    { apiGroups: ['offloading.liqo.io'], resources: ['namespacemaps'], verbs: VERBS },
  ],
});
const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] as const;

export const tenantServiceAccount = (buyer: ClusterId): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: tenantAccount(buyer), namespace: tenantNamespace(buyer), labels: managed },
  automountServiceAccountToken: false,
});

/** A slice for each contract; of Renews Liqo has one, of the certificate by which the two meet. */
const MOST_SLICES = '1000';
/** One; one that goes is counted for a moment longer, and where we buy of that cluster too our own Liqo keeps its own there. */
const MOST_MAPS = '4';
/** How many objects of a kind may stand where we meet a buyer, by what Kubernetes calls their number. */
export const TENANT_COUNTS = {
  [`count/resourceslices.${AUTH}`]: MOST_SLICES,
  [`count/renews.${AUTH}`]: MOST_SLICES,
  'count/namespacemaps.offloading.liqo.io': MOST_MAPS,
} as const;
/** Whoever has a tenant's token may make as many as it likes otherwise. Kubernetes counts, and answers 403 beyond. */
export const tenantBounds = (buyer: ClusterId): Manifest => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: TENANT_ROLE, namespace: tenantNamespace(buyer), labels: managed },
  spec: { hard: TENANT_COUNTS },
});

/** Not called as Liqo calls its own: Liqo would delete it when it drains, whoever made it. */
export const tenantBinding = (buyer: ClusterId): Manifest => ({
  apiVersion: `${RBAC}/v1`,
  kind: 'RoleBinding',
  metadata: { name: TENANT_ROLE, namespace: tenantNamespace(buyer), labels: { ...managed, [LIQO_KEYS.remoteCluster]: buyer } },
  roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: TENANT_ROLE },
  subjects: [{ kind: 'ServiceAccount', name: tenantAccount(buyer), namespace: tenantNamespace(buyer) }],
});

export const tenant = (buyer: ClusterId, condition: 'Active' | 'Drained' = 'Active'): Manifest => ({
  apiVersion: `${AUTH}/v1beta1`,
  kind: 'Tenant',
  metadata: { name: buyer, namespace: tenantNamespace(buyer), labels: { ...managed, [LIQO_KEYS.remoteCluster]: buyer } },
  spec: { clusterID: buyer, authzPolicy: 'TolerateNoHandshake', tenantCondition: condition },
});
