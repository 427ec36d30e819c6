import type { KubernetesObject } from '@kubernetes/client-node';
import { LIQO } from '../../src/domain/owned-objects.ts';

/** A namespace that takes what is planted in one, and is itself the planted Namespace. */
const GARDEN = 'planted';
const name = 'planted-leak';
/** Liqo writes who asks into a ShadowPod, and wants a Quota of that user. */
const ADMIN = 'kubernetes-admin';
const BYTES = 'cGxhbnRlZA==';
const RBAC = 'rbac.authorization.k8s.io';
const inGarden = { name, namespace: GARDEN };
const pod = { containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10' }], nodeSelector: { planted: 'nowhere' } };
const amounts = { cpu: '1', memory: '1Gi', pods: '1' };

/** One raw object of every kind that the leak report compares, as some failed teardown would leave it; nothing acts on any of them. */
export const PLANTED: readonly KubernetesObject[] = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: GARDEN, labels: { 'liqo.io/remote-cluster-id': name, 'liqo.io/tenant-namespace': 'true' } },
  },
  {
    apiVersion: LIQO.core,
    kind: 'ForeignCluster',
    metadata: { name, labels: { 'liqo.io/remote-cluster-id': name } },
    spec: { clusterID: name },
  },
  { apiVersion: 'v1', kind: 'Node', metadata: { name } },
  {
    apiVersion: LIQO.auth,
    kind: 'Tenant',
    metadata: inGarden,
    spec: { clusterID: name, authzPolicy: 'TolerateNoHandshake', tenantCondition: 'Active' },
  },
  {
    apiVersion: LIQO.auth,
    kind: 'ResourceSlice',
    metadata: inGarden,
    spec: { class: 'planted', providerClusterID: name, consumerClusterID: name, resources: amounts },
  },
  {
    apiVersion: LIQO.auth,
    kind: 'Identity',
    metadata: inGarden,
    spec: { clusterID: name, type: 'ResourceSlice', authParams: { apiServer: 'https://192.0.2.1', signedCRT: BYTES } },
  },
  {
    apiVersion: LIQO.auth,
    kind: 'Renew',
    metadata: inGarden,
    spec: { consumerClusterID: name, identityType: 'ResourceSlice', publicKey: BYTES, csr: BYTES },
  },
  { apiVersion: 'v1', kind: 'ResourceQuota', metadata: inGarden, spec: { hard: { 'count/configmaps': '100' } } },
  { apiVersion: LIQO.offloading, kind: 'Quota', metadata: inGarden, spec: { user: ADMIN, limitsEnforcement: 'None', resources: amounts } },
  {
    apiVersion: LIQO.offloading,
    kind: 'VirtualNode',
    metadata: { name: `${name}-virtual`, namespace: GARDEN },
    spec: { clusterID: name, createNode: false, kubeconfigSecretRef: { name }, resourceQuota: { hard: amounts } },
  },
  { apiVersion: LIQO.offloading, kind: 'NamespaceMap', metadata: { name: 'planted-map', namespace: GARDEN }, spec: {} },
  {
    apiVersion: LIQO.offloading,
    kind: 'NamespaceOffloading',
    metadata: { name: 'offloading', namespace: GARDEN },
    spec: { podOffloadingStrategy: 'Local', namespaceMappingStrategy: 'DefaultName', clusterSelector: { nodeSelectorTerms: [] } },
  },
  {
    apiVersion: LIQO.offloading,
    kind: 'ShadowPod',
    metadata: { ...inGarden, labels: { 'offloading.liqo.io/origin': name } },
    spec: { pod },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: inGarden, type: 'Opaque' },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inGarden },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: inGarden,
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
    subjects: [],
  },
  {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: 'view' },
    subjects: [],
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: inGarden,
    spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: pod } },
  },
  { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'planted-pod', namespace: GARDEN }, spec: pod },
  {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: inGarden,
    spec: { suspend: true, template: { spec: { ...pod, restartPolicy: 'Never' } } },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: inGarden, spec: { ports: [{ port: 80 }] } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: inGarden },
] as readonly KubernetesObject[];
