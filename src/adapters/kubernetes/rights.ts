import { KINDS, type Kind } from './kinds.ts';
import { POD_POLICY } from './pod-policy.ts';
import { NAMESPACE_POLICY, SLICE_POLICY } from './policies.ts';
import { TENANT_ROLE } from './tenant-manifests.ts';

type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'bind';

/** What a node's account may do to the objects of one kind. */
export interface Right {
  readonly kind: Kind;
  /** Of one of its subresources instead. */
  readonly sub?: string;
  readonly verbs: readonly Verb[];
  /** Of these alone; of all when absent. */
  readonly names?: readonly string[];
  /** A node does without. */
  readonly optional?: true;
}

const READ = ['get', 'list', 'watch'] as const;
/** Server-side apply is a patch, which also makes. */
const KEEP = ['create', 'patch', 'delete'] as const;
const ALL = [...READ, 'create', 'update', 'patch', 'delete'] as const;
const whole = (kind: Kind): Right => ({ kind, verbs: [...READ, ...KEEP] });

/** ClusterRoles of a node's account: the first is bound in the whole cluster, the others in single namespaces. */
export const ROLES = {
  node: 'rearguard-node',
  peering: 'rearguard-peering',
  workload: 'rearguard-workload',
  offloading: 'rearguard-offloading',
} as const;

/**
 * All that a node does in its own cluster, by where it does so: whoever calls the API server anew finds here that it may, or adds it. `rearguard rbac` prints it, the node looks at it when it starts, and tests on a real API
 * server run under it.
 */
export const RIGHTS = {
  /** Everywhere: nothing secret, nothing that runs. What it writes there is held to what is ours by a policy: account-manifests.ts. */
  node: [
    whole(KINDS.namespace),
    { kind: KINDS.node, verbs: [...READ, 'patch'] },
    { kind: KINDS.pod, verbs: READ },
    { kind: KINDS.job, verbs: READ },
    { kind: KINDS.podMetrics, verbs: ['list'], optional: true },
    { kind: KINDS.serviceAccount, verbs: ['list', 'watch'] },
    { kind: KINDS.roleBinding, verbs: ['list', ...KEEP] },
    { kind: KINDS.resourceQuota, verbs: ['list'] },
    { kind: KINDS.clusterRole, verbs: ['create', 'patch'], names: [TENANT_ROLE] },
    { kind: KINDS.clusterRole, verbs: ['bind'], names: [ROLES.peering, ROLES.workload] },
    { kind: KINDS.policy, verbs: ['create', 'patch'], names: [SLICE_POLICY, NAMESPACE_POLICY, POD_POLICY] },
    { kind: KINDS.policyBinding, verbs: ['create', 'patch'], names: [SLICE_POLICY, NAMESPACE_POLICY, POD_POLICY] },
    { kind: KINDS.foreignCluster, verbs: [...READ, ...KEEP] },
    { kind: KINDS.tenant, verbs: READ },
    // Whoever makes the tenants' role must have itself all that it gives to them.
    { kind: KINDS.resourceSlice, verbs: ALL },
    { kind: KINDS.renew, verbs: ALL },
    { kind: KINDS.namespaceMap, verbs: ALL },
    { kind: KINDS.virtualNode, verbs: ['list', 'watch'] },
    { kind: KINDS.quota, verbs: ['list', 'watch'] },
    { kind: KINDS.namespaceOffloading, verbs: READ },
    { kind: KINDS.shadowPod, verbs: ['list', 'watch', 'delete'] },
    // Whatever is installed may be of a kind that blueprints make.
    { kind: KINDS.definition, verbs: ['list', 'watch'], optional: true },
    { kind: KINDS.fluidosFlavor, verbs: ['list', 'watch'], optional: true },
    { kind: KINDS.serviceBlueprint, verbs: ['list', 'watch'], optional: true },
  ],
  /** In our own namespace: keys, heads of the audit, credentials of contracts, and who of us watches. */
  own: [
    { kind: KINDS.secret, verbs: ['get', 'create', 'update', 'patch', 'delete'] },
    // A key that another process of ours withdrew must not sign.
    { kind: KINDS.secret, verbs: ['list', 'watch'], names: ['node-keys'] },
    { kind: KINDS.lease, verbs: ['get', 'create', 'update'] },
    { kind: KINDS.resourceQuota, verbs: ['watch', 'create', 'delete'] },
  ],
  /** In Liqo's: which cluster this is, and how hard it enforces quotas. */
  liqo: [
    { kind: KINDS.configMap, verbs: ['get'], names: ['liqo-clusterid-configmap'] },
    { kind: KINDS.deployment, verbs: ['list', 'watch'], optional: true },
  ],
  /** Where we meet a peer. */
  peering: [
    whole(KINDS.secret),
    { kind: KINDS.serviceAccount, verbs: KEEP },
    { kind: KINDS.serviceAccount, sub: 'token', verbs: ['create'] },
    { kind: KINDS.tenant, verbs: KEEP },
    { kind: KINDS.resourceQuota, verbs: KEEP },
    { kind: KINDS.resourceSlice, sub: 'status', verbs: ['update'] },
  ],
  /** In namespaces of intents, of instances of blueprints, and of what is hosted for ourselves. */
  workload: [
    ...[KINDS.secret, KINDS.configMap, KINDS.service, KINDS.persistentVolumeClaim].map(whole),
    ...[KINDS.deployment, KINDS.statefulSet, KINDS.job].map(whole),
    ...[KINDS.resourceQuota, KINDS.limitRange, KINDS.networkPolicy].map(whole),
    { kind: KINDS.pod, verbs: KEEP },
    { kind: KINDS.event, verbs: ['list'], optional: true },
    { kind: KINDS.namespaceOffloading, verbs: KEEP },
  ],
  /** In a user's own namespace, where its owner says so. */
  offloading: [
    { kind: KINDS.namespaceOffloading, verbs: KEEP },
    // What is handed over of the services of an intent.
    { kind: KINDS.secret, verbs: ['get', 'list', ...KEEP] },
  ],
} as const satisfies Record<string, readonly Right[]>;

export type Room = keyof typeof RIGHTS;

export const groupOf = ({ apiVersion }: Kind): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');
export const resourceOf = ({ kind, sub }: Right): string => `${kind.plural}${sub === undefined ? '' : `/${sub}`}`;
