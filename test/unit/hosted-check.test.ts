/** What a buyer lets a seller run at home: a good hand-over passes whole, and whatever could reach further is named. */
import { describe, expect, test } from 'vitest';
import { instanceManifests } from '../../src/domain/blueprint.ts';
import { hostedBound } from '../../src/domain/hosted.ts';
import { hostedProblems } from '../../src/domain/hosted-check.ts';
import { READY_MADE } from '../../src/domain/ready-made.ts';
import { LIMITS, SAFE, claim, deployment, metadata, of, pod, podSpec, secret, service, template } from './hosted-manifests.ts';

const BOUND = hostedBound();
const told = (manifests: readonly unknown[], bound = BOUND): readonly string[] =>
  hostedProblems(manifests, bound).map(({ field, problem }) => (field === '' ? problem : `${field}: ${problem}`));

const P = 'manifests[0].spec';
const C = `${P}.containers[0]`;
const NOT_RUN = 'is nothing that is run for a seller';
const NO_LIMIT = 'to a kubelet 0 is no limit';
const HOST = 'must be false or absent: it reaches into the host';

describe('what may run', () => {
  test.each(['database', 'message-queue'] as const)('the ready-made %s', (name) => {
    const values = { username: 'user', password: 'hunter-two', database: 'app' };
    expect(told(instanceManifests(READY_MADE[name], values))).toEqual([]);
  });
  test.each<[string, object]>([
    ['a pod', pod()],
    ['a Deployment', deployment({ replicas: 2, strategy: { type: 'Recreate' } })],
    [
      'a StatefulSet with its claims',
      of('StatefulSet', 'apps/v1', {
        serviceName: 'a',
        selector: { matchLabels: { app: 'a' } },
        template,
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim('1Gi').spec }],
      }),
    ],
    ['a Job', of('Job', 'batch/v1', { template: { spec: podSpec({ restartPolicy: 'Never' }) } })],
    ['a headless Service', service({ clusterIP: 'None' })],
    ['a claim', claim('1Gi')],
    ['a Secret of a certificate', secret({ type: 'kubernetes.io/tls' })],
    ['labels of the usual names', metadata({ labels: { app: 'a', 'app.kubernetes.io/name': 'a' } })],
    [
      'what each container says for itself',
      pod({ securityContext: undefined }, { securityContext: { ...SAFE, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } } }),
    ],
  ])('%s', (_what, manifest) => expect(told([manifest])).toEqual([]));
});

describe('what is refused', () => {
  test.each<[string, object, readonly string[]]>([
    [
      'an RBAC object',
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'r' } },
      ['manifests[0].kind: must be one of ConfigMap, Deployment, Job, PersistentVolumeClaim, Pod, Secret, Service, StatefulSet'],
    ],
    [
      'a webhook',
      { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'r' } },
      [expect.stringContaining('must be one of')],
    ],
    [
      'a kind of another group',
      { ...pod(), apiVersion: 'example.com/v1' },
      [expect.stringMatching(/^manifests\[0\]\.apiVersion: must be v1/)],
    ],
    ['a namespace', metadata({ namespace: 'kube-system' }), [`manifests[0].metadata.namespace: ${NOT_RUN}`]],
    ['an owner', metadata({ ownerReferences: [] }), [`manifests[0].metadata.ownerReferences: ${NOT_RUN}`]],
    ['a finalizer', metadata({ finalizers: ['a/b'] }), [`manifests[0].metadata.finalizers: ${NOT_RUN}`]],
    ['an annotation', metadata({ annotations: { a: 'b' } }), [`manifests[0].metadata.annotations: ${NOT_RUN}`]],
    [
      'a label of ours',
      metadata({ labels: { 'rearguard.dev/contract': 'c' } }),
      [expect.stringContaining('must have no prefix but app.kubernetes.io')],
    ],
    [
      'who manages it',
      metadata({ labels: { 'app.kubernetes.io/managed-by': 'rearguard' } }),
      [expect.stringContaining('is not for others to set')],
    ],
    [
      'a label of Liqo on pods',
      deployment({ template: { ...template, metadata: { labels: { 'liqo.io/managed-by': 'x' } } } }),
      [expect.stringContaining('must have no prefix')],
    ],
    ['a status', secret({ status: {} }), [`manifests[0].status: ${NOT_RUN}`]],
    [
      'a token of our API server',
      secret({ type: 'kubernetes.io/service-account-token' }),
      [expect.stringMatching(/^manifests\[0\]\.type: must be one of Opaque/)],
    ],
    ['a node’s network', pod({ hostNetwork: true }), [`${P}.hostNetwork: ${HOST}`]],
    ['a node’s processes', pod({ hostPID: true, hostIPC: true }), [`${P}.hostPID: ${HOST}`, `${P}.hostIPC: ${HOST}`]],
    ['a node’s files', pod({ volumes: [{ name: 'v', hostPath: { path: '/' } }] }), [`${P}.volumes[0].hostPath: ${NOT_RUN}`]],
    ['a node’s port', pod({}, { ports: [{ containerPort: 80, hostPort: 80 }] }), [`${C}.ports[0].hostPort: ${NOT_RUN}`]],
    ['a node by its name', pod({ nodeName: 'n' }), [`${P}.nodeName: ${NOT_RUN}`]],
    ['a node by its labels', pod({ nodeSelector: { a: 'b' } }), [`${P}.nodeSelector: ${NOT_RUN}`]],
    ['a taint that keeps others away', pod({ tolerations: [{ operator: 'Exists' }] }), [`${P}.tolerations: ${NOT_RUN}`]],
    ['precedence over our own', pod({ priorityClassName: 'high' }), [`${P}.priorityClassName: ${NOT_RUN}`]],
    [
      'a token',
      pod({ automountServiceAccountToken: undefined }),
      [`${P}.automountServiceAccountToken: must be false: it has no business with our API server`],
    ],
    ['a token by a volume', pod({ volumes: [{ name: 'v', projected: { sources: [] } }] }), [`${P}.volumes[0].projected: ${NOT_RUN}`]],
    ['an account', pod({ serviceAccountName: 'admin' }), [`${P}.serviceAccountName: must be default or absent`]],
    [
      'what runs privileged',
      pod({}, { securityContext: { ...SAFE, privileged: true } }),
      [`${C}.securityContext.privileged: must be false or absent`],
    ],
    [
      'what may become more',
      pod({}, { securityContext: { capabilities: SAFE.capabilities } }),
      [`${C}.securityContext.allowPrivilegeEscalation: must be false`],
    ],
    [
      'a capability',
      pod({}, { securityContext: { ...SAFE, capabilities: { drop: ['ALL'], add: ['NET_RAW'] } } }),
      [`${C}.securityContext.capabilities.add: ${NOT_RUN}`],
    ],
    [
      'capabilities that it keeps',
      pod({}, { securityContext: { ...SAFE, capabilities: { drop: ['NET_RAW'] } } }),
      [`${C}.securityContext.capabilities.drop: must have ALL among them`],
    ],
    ['root', pod({}, { securityContext: { ...SAFE, runAsUser: 0 } }), [`${C}.securityContext.runAsUser: must be at least 1`]],
    [
      'what may be root',
      pod({ securityContext: { seccompProfile: { type: 'RuntimeDefault' } } }),
      [`${C}.securityContext.runAsNonRoot: must be true, here or for the whole pod`],
    ],
    [
      'what may call all of the kernel',
      pod({ securityContext: { runAsNonRoot: true } }),
      [`${C}.securityContext.seccompProfile: must be RuntimeDefault, here or for the whole pod`],
    ],
    ['a container without limits', pod({}, { resources: { requests: LIMITS } }), [`${C}.resources.limits: is missing`]],
    [
      'limits that are none',
      pod({}, { resources: { limits: { cpu: 0, memory: '0', 'ephemeral-storage': '0' } } }),
      [
        `${C}.resources.limits.cpu: must be at least 1m: ${NO_LIMIT}`,
        `${C}.resources.limits.memory: must be at least 1Mi: ${NO_LIMIT}`,
        `${C}.resources.limits.ephemeral-storage: must be at least 1: ${NO_LIMIT}`,
      ],
    ],
    [
      'no request',
      pod({}, { resources: { requests: { memory: 1 }, limits: LIMITS } }),
      [`${C}.resources.requests.memory: must be at least 1Mi: ${NO_LIMIT}`],
    ],
    ['a limit less', pod({}, { resources: { limits: { cpu: '1' } } }), [`${C}.resources.limits.memory: is missing`]],
    [
      'a GPU',
      pod({}, { resources: { limits: { ...LIMITS, 'nvidia.com/gpu': '1' } } }),
      [`${C}.resources.limits["nvidia.com/gpu"]: ${NOT_RUN}`],
    ],
    ['a container beside the pod’s', pod({ ephemeralContainers: [] }), [`${P}.ephemeralContainers: ${NOT_RUN}`]],
    [
      'an end that takes for ever',
      pod({ terminationGracePeriodSeconds: 86_400 }),
      [`${P}.terminationGracePeriodSeconds: must be at most 120`],
    ],
    [
      'a question that the node itself would ask',
      pod({}, { livenessProbe: { httpGet: { port: 80, host: '169.254.169.254' } } }),
      [`${C}.livenessProbe.httpGet.host: ${NOT_RUN}`],
    ],
    [
      'a Service for everybody',
      service({ type: 'LoadBalancer' }),
      [`${P}.type: must be ClusterIP: nothing of a seller’s is shown to others than our own pods`],
    ],
    [
      'a Service that takes others’ addresses',
      service({ externalIPs: ['192.0.2.1'], clusterIP: '10.96.0.10' }),
      [`${P}.clusterIP: must be None or absent`, `${P}.externalIPs: ${NOT_RUN}`],
    ],
    ['a port of every node', service({ ports: [{ port: 80, nodePort: 30_000 }] }), [`${P}.ports[0].nodePort: ${NOT_RUN}`]],
    ['somebody’s volume', claim('1Gi', { volumeName: 'v' }), [`${P}.volumeName: ${NOT_RUN}`]],
    ['a class of ours', claim('1Gi', { storageClassName: 'fast' }), [`${P}.storageClassName: ${NOT_RUN}`]],
    [
      'no manifest',
      { kind: 'Pod' },
      [
        expect.stringContaining('apiVersion: is missing'),
        expect.stringContaining('metadata: is missing'),
        expect.stringContaining('spec: is missing'),
      ],
    ],
  ])('%s', (_what, manifest, lines) => expect(told([manifest])).toEqual(lines));

  test('every fault of every manifest, and no value of any', () => {
    const wrong = [
      pod({ hostPID: true }, { env: [{ name: 'a', value: ['hunter-two'] }] }),
      metadata({ finalizers: ['a/b'], labels: { a: 'hunter two' } }),
      null,
    ];
    const lines = told([deployment(), ...wrong]);
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'manifests[1].spec.containers[0].env[0].value',
      'manifests[1].spec.hostPID',
      'manifests[2].metadata.labels.a',
      'manifests[2].metadata.finalizers',
      'manifests[3]',
    ]);
    expect(lines.join()).not.toContain('hunter');
  });
});
