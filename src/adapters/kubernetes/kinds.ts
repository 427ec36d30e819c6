/** Where a kind of object lies in the API; a table, so that no call has to ask the API server first. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

const kind = (apiVersion: string, name: string, plural: string, namespaced = true): Kind => ({
  apiVersion,
  kind: name,
  plural,
  namespaced,
});
const AUTH = 'authentication.liqo.io/v1beta1';
const OFFLOADING = 'offloading.liqo.io/v1beta1';
const RBAC = 'rbac.authorization.k8s.io/v1';
const ADMISSION = 'admissionregistration.k8s.io/v1';

export const KINDS = {
  namespace: kind('v1', 'Namespace', 'namespaces', false),
  node: kind('v1', 'Node', 'nodes', false),
  pod: kind('v1', 'Pod', 'pods'),
  secret: kind('v1', 'Secret', 'secrets'),
  configMap: kind('v1', 'ConfigMap', 'configmaps'),
  service: kind('v1', 'Service', 'services'),
  serviceAccount: kind('v1', 'ServiceAccount', 'serviceaccounts'),
  event: kind('v1', 'Event', 'events'),
  deployment: kind('apps/v1', 'Deployment', 'deployments'),
  statefulSet: kind('apps/v1', 'StatefulSet', 'statefulsets'),
  job: kind('batch/v1', 'Job', 'jobs'),
  persistentVolumeClaim: kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  resourceQuota: kind('v1', 'ResourceQuota', 'resourcequotas'),
  limitRange: kind('v1', 'LimitRange', 'limitranges'),
  networkPolicy: kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  lease: kind('coordination.k8s.io/v1', 'Lease', 'leases'),
  clusterRole: kind(RBAC, 'ClusterRole', 'clusterroles', false),
  clusterRoleBinding: kind(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', false),
  roleBinding: kind(RBAC, 'RoleBinding', 'rolebindings'),
  policy: kind(ADMISSION, 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', false),
  policyBinding: kind(ADMISSION, 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', false),
  podMetrics: kind('metrics.k8s.io/v1beta1', 'PodMetrics', 'pods'),
  definition: kind('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', false),
  fluidosFlavor: kind('nodecore.fluidos.eu/v1alpha1', 'Flavor', 'flavors'),
  serviceBlueprint: kind('nodecore.fluidos.eu/v1alpha1', 'ServiceBlueprint', 'serviceblueprints'),
  foreignCluster: kind('core.liqo.io/v1beta1', 'ForeignCluster', 'foreignclusters', false),
  tenant: kind(AUTH, 'Tenant', 'tenants'),
  identity: kind(AUTH, 'Identity', 'identities'),
  resourceSlice: kind(AUTH, 'ResourceSlice', 'resourceslices'),
  renew: kind(AUTH, 'Renew', 'renews'),
  virtualNode: kind(OFFLOADING, 'VirtualNode', 'virtualnodes'),
  quota: kind(OFFLOADING, 'Quota', 'quotas'),
  namespaceMap: kind(OFFLOADING, 'NamespaceMap', 'namespacemaps'),
  namespaceOffloading: kind(OFFLOADING, 'NamespaceOffloading', 'namespaceoffloadings'),
  shadowPod: kind(OFFLOADING, 'ShadowPod', 'shadowpods'),
} as const satisfies Record<string, Kind>;

/** The kind of a manifest; `undefined` when it is none that we know. */
export const kindOf = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Kind | undefined =>
  Object.values<Kind>(KINDS).find((known) => known.apiVersion === apiVersion && known.kind === kind);

/** The URL path of a collection (all namespaces when none is given), of an object, or of a subresource. */
export function pathOf(kind: Kind, where: { readonly namespace?: string; readonly name?: string; readonly sub?: string } = {}): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const space = kind.namespaced && where.namespace !== undefined ? `/namespaces/${encodeURIComponent(where.namespace)}` : '';
  const name = where.name === undefined ? '' : `/${encodeURIComponent(where.name)}`;
  return `${root}${space}/${kind.plural}${name}${where.sub === undefined ? '' : `/${where.sub}`}`;
}
