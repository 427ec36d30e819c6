import { OWN_NAMESPACE } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, OURS, REARGUARD, VIRTUAL_NODE, managed } from './labels.ts';
import { RIGHTS, ROLES, type Right, groupOf, resourceOf } from './rights.ts';
import { ownNamespace } from './tenant-manifests.ts';

const RBAC = 'rbac.authorization.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io/v1';
/** The account of a node, and what is bound to it in a namespace. */
export const ACCOUNT = 'rearguard-node';
/** Where Liqo is installed. */
const LIQO_NAMESPACE = 'liqo';

/** A kind of which blueprints make objects, as Kubernetes calls it in words: `virtualmachines.kubevirt.io`. */
export interface MadeKind {
  readonly plural: string;
  readonly group: string;
}
interface AccountOptions {
  /** Where the node's account is: our own namespace when absent. */
  readonly namespace?: string;
  /** What blueprints make besides what every node may. */
  readonly makes?: readonly MadeKind[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}
const ruleOf = (right: Right): Rule => ({
  apiGroups: [groupOf(right.kind)],
  resources: [resourceOf(right)],
  ...(right.names && { resourceNames: [...right.names] }),
  verbs: [...right.verbs],
});
const made = ({ plural, group }: MadeKind): Rule => ({
  apiGroups: [group],
  resources: [plural],
  verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
});

const role = (name: string, rules: readonly Rule[], namespace?: string): Manifest => ({
  apiVersion: `${RBAC}/v1`,
  kind: namespace === undefined ? 'ClusterRole' : 'Role',
  metadata: { name, ...(namespace !== undefined && { namespace }), labels: managed },
  rules,
});

/** Who is meant in a binding. */
export type Subject =
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string }
  | { readonly kind: 'User'; readonly name: string };

/** Binds somebody to a role: of a namespace in that one, else in the whole cluster. */
export function binding(input: {
  readonly subject: Subject;
  readonly role: string;
  readonly of: 'ClusterRole' | 'Role';
  readonly namespace?: string;
}): Manifest {
  const { subject, role: name, of: kind, namespace } = input;
  return {
    apiVersion: `${RBAC}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: ACCOUNT, ...(namespace !== undefined && { namespace }), labels: managed },
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: [subject.kind === 'User' ? { ...subject, apiGroup: RBAC } : subject],
  };
}

const accountIn = (namespace: string = OWN_NAMESPACE): Subject & { readonly kind: 'ServiceAccount' } => ({
  kind: 'ServiceAccount',
  name: ACCOUNT,
  namespace,
});

const labelled = (object: string, key: string, value?: string): string =>
  `(has(${object}.metadata.labels) && '${key}' in ${object}.metadata.labels${value === undefined ? '' : ` && ${object}.metadata.labels['${key}'] == '${value}'`})`;
const ours = (object: string): string => labelled(object, OURS.managedBy, REARGUARD);
const meeting = (object: string): string => labelled(object, LIQO_KEYS.tenantNamespace, 'true');
const isKind = (resource: string): string => `request.resource.resource == '${resource}'`;
const rule = (resource: string, operations: readonly string[], expression: string, message: string): object => ({
  expression: `!(${isKind(resource)} && request.operation in [${operations.map((each) => `'${each}'`).join(', ')}]) || ${expression}`,
  message,
});

/**
 * Holds the account to what is ours where RBAC knows no names beforehand: it makes namespaces that say whose they are, touches those and Liqo's alone, binds itself nowhere else, and changes virtual nodes only. Without it
 * whoever may bind a role in any namespace could read any namespace's Secrets.
 */
function fence(namespace?: string): readonly Manifest[] {
  const metadata = { name: ACCOUNT, labels: managed };
  const on = (apiGroups: readonly string[], resources: readonly string[], operations: readonly string[]): object => ({
    apiGroups,
    apiVersions: ['v1'],
    resources,
    operations,
  });
  return [
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          resourceRules: [
            on([''], [KINDS.namespace.plural], ['CREATE', 'UPDATE', 'DELETE']),
            on([''], [KINDS.node.plural], ['UPDATE']),
            on([RBAC], [KINDS.roleBinding.plural], ['CREATE', 'UPDATE', 'DELETE']),
          ],
        },
        matchConditions: [
          {
            name: 'the-account-of-a-node',
            expression: `request.userInfo.username == 'system:serviceaccount:${namespace ?? OWN_NAMESPACE}:${ACCOUNT}'`,
          },
        ],
        validations: [
          rule('namespaces', ['CREATE'], ours('object'), `a node makes namespaces labelled ${OURS.managedBy}=${REARGUARD} only`),
          rule('namespaces', ['UPDATE'], `${ours('oldObject')} || ${meeting('oldObject')}`, 'a node changes its own namespaces only'),
          rule(
            'namespaces',
            ['DELETE'],
            `${ours('oldObject')} || ${labelled('oldObject', LIQO_KEYS.remoteCluster)}`,
            'a node deletes its own namespaces only, and what Liqo made for buyers',
          ),
          rule(
            'nodes',
            ['UPDATE'],
            labelled('oldObject', LIQO_KEYS.nodeType, VIRTUAL_NODE),
            'a node of Rearguard changes virtual nodes only',
          ),
          rule(
            'rolebindings',
            ['CREATE', 'UPDATE', 'DELETE'],
            `${ours('namespaceObject')} || ${meeting('namespaceObject')}`,
            'a node binds roles in its own namespaces only',
          ),
        ],
      },
    },
    {
      apiVersion: ADMISSION,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: ACCOUNT, validationActions: ['Deny'] },
    },
  ];
}

/** An account for a node, with exactly the rights of {@link RIGHTS}. */
export function accountManifests({ namespace, makes = [] }: AccountOptions = {}): readonly Manifest[] {
  const subject = accountIn(namespace);
  const own = { of: 'Role', role: ACCOUNT, subject } as const;
  return [
    ownNamespace(),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: ACCOUNT, namespace: subject.namespace, labels: managed },
    },
    role(ROLES.node, RIGHTS.node.map(ruleOf)),
    role(ROLES.peering, RIGHTS.peering.map(ruleOf)),
    role(ROLES.workload, [...RIGHTS.workload.map(ruleOf), ...makes.map(made)]),
    role(ROLES.offloading, RIGHTS.offloading.map(ruleOf)),
    role(ACCOUNT, RIGHTS.own.map(ruleOf), OWN_NAMESPACE),
    role(ACCOUNT, RIGHTS.liqo.map(ruleOf), LIQO_NAMESPACE),
    ...fence(namespace),
    binding({ subject, of: 'ClusterRole', role: ROLES.node }),
    binding({ ...own, namespace: OWN_NAMESPACE }),
    binding({ ...own, namespace: LIQO_NAMESPACE }),
  ];
}

/** What lets the node's account offload namespaces of a user's own. */
export const offloadingManifests = (spaces: readonly string[], namespace?: string): readonly Manifest[] =>
  spaces.map((space) => binding({ subject: accountIn(namespace), of: 'ClusterRole', role: ROLES.offloading, namespace: space }));
