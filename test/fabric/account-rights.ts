/** What `kubectl auth can-i --list` prints for a node's account beside what anybody may, by where: written by hand, to be compared with what an API server says of the manifests that `rearguard rbac` prints. */
const ALL = '[get list watch create update patch delete]';
const KEPT = '[get list watch create patch delete]';

/** In every namespace. */
const EVERYWHERE: readonly string[] = [
  `namespaces [] ${KEPT}`,
  'nodes [] [get list watch patch]',
  'pods [] [get list watch]',
  'jobs.batch [] [get list watch]',
  'pods.metrics.k8s.io [] [list]',
  'serviceaccounts [] [list watch]',
  'rolebindings.rbac.authorization.k8s.io [] [list create patch delete]',
  'resourcequotas [] [list]',
  'clusterroles.rbac.authorization.k8s.io [rearguard-tenant] [create patch]',
  'clusterroles.rbac.authorization.k8s.io [rearguard-peering rearguard-workload] [bind]',
  'validatingadmissionpolicies.admissionregistration.k8s.io [rearguard-tenant-slices rearguard-tenant-namespaces rearguard-tenant-pods] [create patch]',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io [rearguard-tenant-slices rearguard-tenant-namespaces rearguard-tenant-pods] [create patch]',
  'customresourcedefinitions.apiextensions.k8s.io [] [list watch]',
  'flavors.nodecore.fluidos.eu [] [list watch]',
  'serviceblueprints.nodecore.fluidos.eu [] [list watch]',
  `foreignclusters.core.liqo.io [] ${KEPT}`,
  'tenants.authentication.liqo.io [] [get list watch]',
  `resourceslices.authentication.liqo.io [] ${ALL}`,
  `renews.authentication.liqo.io [] ${ALL}`,
  `namespacemaps.offloading.liqo.io [] ${ALL}`,
  'virtualnodes.offloading.liqo.io [] [list watch]',
  'quotas.offloading.liqo.io [] [list watch]',
  'namespaceoffloadings.offloading.liqo.io [] [get list watch]',
  'shadowpods.offloading.liqo.io [] [list watch delete]',
];

/** Besides, in the namespaces that are named, where it meets a peer, and where something of ours runs. */
const BESIDES = {
  rearguard: [
    'secrets [] [get create update patch delete]',
    'secrets [node-keys] [list watch]',
    'leases.coordination.k8s.io [] [get create update]',
    'resourcequotas [] [watch create delete]',
  ],
  liqo: ['configmaps [liqo-clusterid-configmap] [get]', 'deployments.apps [] [list watch]'],
  peering: [
    `secrets [] ${KEPT}`,
    'serviceaccounts [] [create patch delete]',
    'serviceaccounts/token [] [create]',
    'tenants.authentication.liqo.io [] [create patch delete]',
    'resourcequotas [] [create patch delete]',
    'resourceslices/status.authentication.liqo.io [] [update]',
  ],
  workload: [
    ...['secrets', 'configmaps', 'services', 'persistentvolumeclaims'].map((each) => `${each} [] ${KEPT}`),
    ...['deployments.apps', 'statefulsets.apps', 'jobs.batch'].map((each) => `${each} [] ${KEPT}`),
    ...['resourcequotas', 'limitranges', 'networkpolicies.networking.k8s.io'].map((each) => `${each} [] ${KEPT}`),
    'pods [] [create patch delete]',
    'events [] [list]',
    'namespaceoffloadings.offloading.liqo.io [] [create patch delete]',
  ],
  offloading: ['namespaceoffloadings.offloading.liqo.io [] [create patch delete]', 'secrets [] [get list create patch delete]'],
} as const satisfies Record<string, readonly string[]>;

export const rightsIn = (where?: keyof typeof BESIDES): readonly string[] => [...EVERYWHERE, ...(where ? BESIDES[where] : [])];
