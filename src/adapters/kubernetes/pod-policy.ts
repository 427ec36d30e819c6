import type { Manifest } from '../../domain/manifest.ts';
import { LONGEST_GRACE_S } from '../../domain/workload.ts';
import { LIQO_KEYS, OURS, REARGUARD, managed } from './labels.ts';
import { ADMISSION, FINALIZERS, binding, orphans, propagates } from './policies.ts';

export const POD_POLICY = 'rearguard-tenant-pods';

/** Of a pod, what Liqo v1.2.0's virtual kubelet never copies and its quota never counts: whoever sends it is no virtual kubelet. */
const NEVER_COPIED = [
  'resources',
  'overhead',
  'resourceClaims',
  'nodeName',
  'priority',
  'priorityClassName',
  'preemptionPolicy',
  'schedulerName',
];
const NEVER_TRUE = ['hostNetwork', 'hostPID', 'hostIPC'];

const INITS = 'variables.inits';
const has = (container: string, field: 'requests' | 'limits'): string =>
  `has(${container}.resources) && has(${container}.resources.${field})`;
const restarts = (container: string): string => `(has(${container}.restartPolicy) && ${container}.restartPolicy == 'Always')`;
/** What a container asks for of the resource `k`. */
const ask = (container: string): string =>
  `(${has(container, 'requests')} && k in ${container}.resources.requests ? quantity(string(${container}.resources.requests[k])).asApproximateFloat() : 0.0)`;
/** Whether it asks for whole thousandths, as far as a float can tell: a billionth is the least that Kubernetes reads. */
const whole = (container: string): string =>
  `[${ask(container)} * 1000.0].all(m, m - double(int(m + 0.5)) < 0.0000001 && double(int(m + 0.5)) - m < 0.0000001)`;
/** Liqo compares init containers by whole units, rounded up: of 100m and 900m the first counts. Reckoned in thousandths, since a float is never quite a whole number. */
const units = (container: string): string => `((int(${ask(container)} * 1000.0 + 0.5) + 999) / 1000)`;
const TOGETHER = `variables.pod.containers.map(c, ${ask('c')}).sum()`;
const BESIDE = `${INITS}.map(s, ${restarts('s')} ? ${ask('s')} : 0.0).sum()`;
const LARGEST = ask(`${INITS}.filter(f, ${units('f')} == ${INITS}.map(m, ${units('m')}).max())[0]`);
const COUNTED = `[${TOGETHER}, ${LARGEST}].max()`;
/** Nothing runs yet beside the first one. */
const scheduled = (container: string): string =>
  `(${restarts(container)} ? ${TOGETHER} : ${container}.name == ${INITS}[0].name ? 0.0 : ${ask(container)}) + ${BESIDE}`;

const on = (operation: 'CREATE' | 'UPDATE' | 'DELETE', expression: string, message: string): object => ({
  expression: `request.operation != '${operation}' || (${expression})`,
  message,
  reason: 'Invalid',
});

/**
 * Liqo's quota is reckoned from the ShadowPods of a slice, which whoever has the slice's identity writes as it likes. So that Kubernetes takes no more than the quota counted: nothing that it does not look at, no amounts that are
 * counted otherwise or mean "no limit", and nothing that runs on when it is counted no more. What a ShadowPod asks for cannot be changed later, Liqo sees to that.
 *
 * Requesters are those of the slices of our own tenants: Liqo signs for a slice as of a group, which is the cluster id of its buyer. Our tenants are the parameters: the namespaces where we meet.
 */
export const podPolicy = (): readonly Manifest[] => [
  {
    apiVersion: ADMISSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: POD_POLICY, labels: managed },
    spec: {
      failurePolicy: 'Fail',
      paramKind: { apiVersion: 'v1', kind: 'Namespace' },
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['offloading.liqo.io'],
            apiVersions: ['*'],
            resources: ['shadowpods'],
            operations: ['CREATE', 'UPDATE', 'DELETE'],
          },
        ],
      },
      matchConditions: [
        { name: 'a-slice-of-the-tenant', expression: `params.metadata.labels['${LIQO_KEYS.remoteCluster}'] in request.userInfo.groups` },
      ],
      variables: [
        { name: 'pod', expression: 'object.spec.pod' },
        { name: 'inits', expression: 'has(variables.pod.initContainers) ? variables.pod.initContainers : []' },
        { name: 'containers', expression: `variables.pod.containers + ${INITS}` },
      ],
      validations: [
        on(
          'CREATE',
          [
            ...NEVER_COPIED.map((each) => `!has(variables.pod.${each})`),
            ...NEVER_TRUE.map((each) => `(!has(variables.pod.${each}) || !variables.pod.${each})`),
          ].join(' && '),
          `must say nothing of ${[...NEVER_COPIED, ...NEVER_TRUE].join(', ')}: Liqo copies none of it`,
        ),
        on(
          'CREATE',
          `variables.containers.all(c, !(${has('c', 'limits')}) || c.resources.limits.all(k, ${has('c', 'requests')} && k in c.resources.requests))`,
          "must request what it limits, in every container: Liqo's quota counts requests",
        ),
        on(
          'CREATE',
          `variables.containers.all(c, !(${has('c', 'requests')}) || c.resources.requests.all(k, quantity(string(c.resources.requests[k])).compareTo(quantity('0')) >= (k in ['cpu', 'memory'] ? 1 : 0)))`,
          'must request more than nothing of cpu and memory, in every container: a limit of nothing is none',
        ),
        on(
          'CREATE',
          `variables.containers.all(c, !(${has('c', 'requests')}) || c.resources.requests.all(k, k != 'cpu' || ${whole('c')}))`,
          "must request whole thousandths of a core, in every container: Kubernetes rounds up, and Liqo's quota does not",
        ),
        on(
          'CREATE',
          `${INITS}.all(x, !(${has('x', 'requests')}) || x.resources.requests.all(k, ${scheduled('x')} <= ${COUNTED} + 0.0005))`,
          "has init containers that Liqo's quota does not count: sidecars, or one larger than another within the same core",
        ),
        // Its quota is given back at once, and the end of its contract waits for its pod.
        on(
          'CREATE',
          `!has(variables.pod.terminationGracePeriodSeconds) || variables.pod.terminationGracePeriodSeconds <= ${LONGEST_GRACE_S}`,
          `must take no longer than ${LONGEST_GRACE_S} s to go`,
        ),
        { expression: `request.operation == 'DELETE' || (${FINALIZERS})`, message: 'must not add finalizers', reason: 'Invalid' },
        on('DELETE', `!has(request.options) || !(${orphans} || ${propagates('Foreground')})`, 'must go at once, and its pod with it'),
      ],
    },
  },
  {
    ...binding(POD_POLICY),
    spec: {
      policyName: POD_POLICY,
      validationActions: ['Deny'],
      paramRef: {
        selector: { matchLabels: { [OURS.managedBy]: REARGUARD, [LIQO_KEYS.tenantNamespace]: 'true' } },
        parameterNotFoundAction: 'Allow',
      },
    },
  },
];
