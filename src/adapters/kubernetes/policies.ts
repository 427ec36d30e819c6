import type { ClusterId } from '../../domain/ids.ts';
import { tenantNamespace } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { OWN_SUBJECT, SUBJECT_VARIABLES } from './csr-policy.ts';
import { LIQO_KEYS, OURS, managed } from './labels.ts';

/**
 * What Liqo v1.2.0 leaves open to a tenant with credentials, closed by policies about the *requester*: only a tenant's own account is held to
 * them, so that our own slices towards other sellers, and the tenants of others, are untouched. They need Kubernetes 1.30.
 */

/** The one class that a tenant may ask for: Liqo grants class `default` whatever it asks. */
export const SLICE_CLASS = 'rearguard';
export const SLICE_POLICY = 'rearguard-tenant-slices';
export const NAMESPACE_POLICY = 'rearguard-tenant-namespaces';

/** Liqo's longest CSR, of an RSA key, has about 1,300. */
const LONGEST_CSR = 4_096;
const MOST_RESOURCES = 100;

export const ADMISSION = 'admissionregistration.k8s.io/v1';
/** Whose tenant namespace it is, empty when it is none; a policy's match conditions cannot read a namespace, its variables can. */
const TENANT = 'variables.tenant';
const TENANT_VARIABLE = {
  name: 'tenant',
  expression: `has(namespaceObject.metadata.labels) && '${LIQO_KEYS.remoteCluster}' in namespaceObject.metadata.labels ? namespaceObject.metadata.labels['${LIQO_KEYS.remoteCluster}'] : ''`,
};
/** The contracts that we took away from a tenant: see ended-contracts.ts. */
const ENDED_VARIABLE = {
  name: 'ended',
  expression: `has(namespaceObject.metadata.annotations) && '${OURS.ended}' in namespaceObject.metadata.annotations ? namespaceObject.metadata.annotations['${OURS.ended}'] : ''`,
};
const text = (key: string, field: 'labels' | 'annotations', object = 'object'): string =>
  `(has(${object}.metadata.${field}) && '${key}' in ${object}.metadata.${field} ? ${object}.metadata.${field}['${key}'] : '')`;
const option = (name: string, value: string): string => `(has(request.options.${name}) && request.options.${name} == ${value})`;
export const propagates = (how: 'Orphan' | 'Foreground'): string => option('propagationPolicy', `'${how}'`);
/** A deletion that leaves behind what the object owns. */
export const orphans = `${propagates('Orphan')} || ${option('orphanDependents', 'true')}`;
/** No finalizer that was not there before. */
export const FINALIZERS =
  "!has(object.metadata.finalizers) || object.metadata.finalizers.all(each, request.operation == 'UPDATE' && has(oldObject.metadata.finalizers) && each in oldObject.metadata.finalizers)";
const unchanged = (key: string, field: 'labels' | 'annotations'): string =>
  `request.operation == 'CREATE' || ${text(key, field)} == ${text(key, field, 'oldObject')}`;
/** `Invalid` answers 422, which tells a policy's refusal from one of RBAC's (403). What is deleted has no `object`. */
const rule = (expression: string, message: string, of: 'writing' | 'deleting' = 'writing'): object => ({
  expression: `${TENANT} == '' || request.operation ${of === 'writing' ? '==' : '!='} 'DELETE' || (${expression})`,
  message,
  reason: 'Invalid',
});

/** What a tenant writes is a copy of what its own cluster has: else our Liqo would take it for a slice of ours and make us its consumer. */
const COPY = [
  rule(`${text(LIQO_KEYS.replicated, 'labels')} == 'true'`, `must be labelled ${LIQO_KEYS.replicated}=true: a tenant writes copies only`),
  rule(
    `${text(LIQO_KEYS.replication, 'labels')} != 'true'`,
    `must not be labelled ${LIQO_KEYS.replication}=true: a tenant writes copies only`,
  ),
  rule(`${text(LIQO_KEYS.origin, 'labels')} == ${TENANT}`, `must be labelled ${LIQO_KEYS.origin}=<the tenant's cluster id>`),
  rule(`${text(LIQO_KEYS.remoteCluster, 'labels')} == ${TENANT}`, `must be labelled ${LIQO_KEYS.remoteCluster}=<the tenant's cluster id>`),
  // What never goes keeps the teardown of its contract from its end, and a slice its quota.
  rule(FINALIZERS, 'must not add finalizers'),
];

const policy = (
  name: string,
  group: string,
  resource: string,
  operations: readonly string[],
  validations: readonly object[],
  variables: readonly object[] = [],
): Manifest => ({
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicy',
  metadata: { name, labels: managed },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [{ apiGroups: [group], apiVersions: ['*'], resources: [resource], operations }],
    },
    matchConditions: [
      { name: 'a-tenants-own-account', expression: "('system:serviceaccounts:' + request.namespace) in request.userInfo.groups" },
    ],
    variables: [TENANT_VARIABLE, ENDED_VARIABLE, ...variables],
    validations,
  },
});
export const binding = (name: string): Manifest => ({
  apiVersion: ADMISSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name, labels: managed },
  spec: { policyName: name, validationActions: ['Deny'] },
});

/**
 * Slices of our class only, in the tenant's own name, and with the contract that they were made for. Liqo guards its cordon annotation against the users
 * of its handshake, not against a ServiceAccount: a tenant could lift it and so undo the end of its contract.
 */
export const slicePolicy = (): readonly Manifest[] => [
  policy(
    SLICE_POLICY,
    'authentication.liqo.io',
    'resourceslices',
    ['CREATE', 'UPDATE', 'DELETE'],
    [
      rule(`has(object.spec.class) && object.spec.class == '${SLICE_CLASS}'`, `must be of class ${SLICE_CLASS}`),
      rule(`!has(object.spec.consumerClusterID) || object.spec.consumerClusterID == ${TENANT}`, 'must name its own cluster as consumer'),
      rule(
        `request.operation != 'CREATE' || ${text(OURS.contract, 'annotations')} == '' || !(' ' + variables.ended + ' ').contains(' ' + ${text(OURS.contract, 'annotations')} + ' ')`,
        'must not name a contract that is over',
      ),
      rule(OWN_SUBJECT, 'must ask for a certificate of its own cluster id and nothing else, with an Ed25519 or RSA 2048 key, as Liqo does'),
      rule(
        `(!has(object.spec.csr) || object.spec.csr.size() <= ${LONGEST_CSR}) && (!has(object.spec.resources) || object.spec.resources.size() <= ${MOST_RESOURCES})`,
        `must name no more than ${MOST_RESOURCES} resources, and have a CSR of no more than ${LONGEST_CSR} characters`,
      ),
      rule(unchanged(OURS.contract, 'annotations'), `must keep its ${OURS.contract}`),
      rule(unchanged(LIQO_KEYS.cordon, 'annotations'), `must not touch ${LIQO_KEYS.cordon}`),
      ...COPY,
      rule(`!has(request.options) || !(${orphans})`, 'must not leave its quota behind', 'deleting'),
    ],
    SUBJECT_VARIABLES,
  ),
  binding(SLICE_POLICY),
];

/** Of one map: each workload has one namespace. Liqo takes many away slowly: a thousand were not all gone after two minutes. */
const MOST_NAMESPACES = 500;
const MAPPED = (object: string): string =>
  `(has(${object}.spec) && has(${object}.spec.desiredMapping) ? ${object}.spec.desiredMapping.size() : 0)`;

/** Remote namespaces that end with the tenant's cluster id, as Liqo names them: no other name is its own. */
export const namespacePolicy = (): readonly Manifest[] => [
  policy(
    NAMESPACE_POLICY,
    'offloading.liqo.io',
    'namespacemaps',
    ['CREATE', 'UPDATE'],
    [
      rule(
        `!has(object.spec) || !has(object.spec.desiredMapping) || object.spec.desiredMapping.all(k, object.spec.desiredMapping[k].endsWith('-' + ${TENANT}))`,
        "must map to namespaces that end with the tenant's own cluster id",
      ),
      // What was more before may become less.
      rule(
        `${MAPPED('object')} <= ${MOST_NAMESPACES} || (request.operation == 'UPDATE' && ${MAPPED('object')} <= ${MAPPED('oldObject')})`,
        `must map no more than ${MOST_NAMESPACES} namespaces`,
      ),
      ...COPY,
    ],
  ),
  binding(NAMESPACE_POLICY),
];

/**
 * Pairs of what a tenant may write and what it must not, alike but for what a policy forbids: created with its own credentials, in a dry run, they show whether
 * the policies are in force.
 */
export function probes(buyer: ClusterId): readonly { readonly allowed: Manifest; readonly forbidden: Manifest }[] {
  const metadata = {
    name: 'rearguard-probe',
    namespace: tenantNamespace(buyer),
    labels: {
      [LIQO_KEYS.replicated]: 'true',
      [LIQO_KEYS.replication]: 'false',
      [LIQO_KEYS.origin]: buyer,
      [LIQO_KEYS.remoteCluster]: buyer,
    },
  };
  const slice = (sliceClass: string): Manifest => ({
    apiVersion: 'authentication.liqo.io/v1beta1',
    kind: 'ResourceSlice',
    metadata,
    spec: { class: sliceClass, consumerClusterID: buyer },
  });
  const map = (namespace: string): Manifest => ({
    apiVersion: 'offloading.liqo.io/v1beta1',
    kind: 'NamespaceMap',
    metadata,
    spec: { desiredMapping: { probe: namespace } },
  });
  return [
    { allowed: slice(SLICE_CLASS), forbidden: slice('default') },
    { allowed: map(`probe-${buyer}`), forbidden: map('somebody-elses') },
  ];
}
