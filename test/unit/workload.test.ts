import { describe, expect, it } from 'vitest';
import { container, deployment, job, pod } from './documents.ts';
import { init, sidecar, withMeta, wrong } from './one-manifest.ts';

const HOST = 'cannot work on a node of another owner: it reaches into the host. Set placement: local, or leave it out';
const SIDECAR =
  'must not be Always: sellers refuse what runs beside the containers and their quota does not count. Make it a container, put an init container before it that asks for as much as all that runs, or set placement: local';
const NODES = 'must be absent: it names nodes of your own, and the pod goes to an acquired one; use resources.architecture and limits';

describe('refuses what cannot work, and says why', () => {
  const volume = (source: object) => pod('p', { volumes: [{ name: 'v', ...source }] });
  it.each<[string, unknown, readonly string[]]>([
    [
      'a namespace',
      withMeta({ namespace: 'default' }),
      ['metadata.namespace: must be absent: the intent has a namespace of its own; to send one of yours use workload.namespace'],
    ],
    [
      'no name',
      { ...pod('a'), metadata: { generateName: 'a-' } },
      [
        'metadata.name: is missing: what we create must have a name to be removed by',
        'metadata.generateName: must be absent: what we create must have a name to be removed by',
      ],
    ],
    ['a bad name', pod('A_b'), ['metadata.name: must be a Kubernetes name: lower-case letters, digits, hyphens and dots, at most 253']],
    ['a long name', pod('a'.repeat(64)), ['metadata.name: must be at most 63 characters long']],
    ['a name twice', pod('other'), ['metadata.name: must be unique: manifests[0] is a Pod other too']],
    [
      'a service that begins with a digit',
      { apiVersion: 'v1', kind: 'Service', metadata: { name: '1a' }, spec: {} },
      ['metadata.name: must be a DNS name that begins with a letter: lower-case letters, digits, hyphens, at most 63'],
    ],
    [
      'a status',
      { ...pod('a'), status: { phase: 'Running' } },
      ['status: must be absent: it is what a cluster says, not what you ask for'],
    ],
    [
      'what came out of a cluster',
      withMeta({ uid: 'u', resourceVersion: '1' }),
      [
        'metadata.uid: must be absent: it belongs to an object that is there already',
        'metadata.resourceVersion: must be absent: it belongs to an object that is there already',
      ],
    ],
    [
      'finalizers',
      withMeta({ finalizers: ['a/b'] }),
      ['metadata.finalizers: must be absent: a finalizer would keep the object when the intent ends'],
    ],
    [
      'our labels',
      withMeta({ labels: { 'rearguard.dev/intent': 'x' } }),
      ['metadata.labels["rearguard.dev/intent"]: is set by Rearguard itself'],
    ],
    ['numbers as labels', withMeta({ labels: { a: 1 } }), ['metadata.labels.a: must be a text; put it in quotes']],
    [
      'another version',
      { ...deployment('a'), apiVersion: 'extensions/v1beta1' },
      ['apiVersion: must be apps/v1, not "extensions/v1beta1"'],
    ],
    [
      'a set of pods per node',
      { ...deployment('a'), kind: 'DaemonSet' },
      [
        'kind: must be one of Deployment, Job, Pod, ConfigMap, Secret, Service, not DaemonSet; a DaemonSet wants a pod on every node, and an intent buys one place; use a Deployment',
      ],
    ],
    [
      'rights',
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'a' } },
      [
        'kind: must be one of Deployment, Job, Pod, ConfigMap, Secret, Service, not ClusterRole; what lies beside the namespace of the intent would not be given back with it',
      ],
    ],
    ['no kind', { metadata: { name: 'a' } }, ['kind: is missing; one of Deployment, Job, Pod, ConfigMap, Secret, Service']],
    [
      'a selector that does not select',
      { ...deployment('a'), spec: { ...deployment('a').spec, selector: { matchLabels: { app: 'b' } } } },
      ['spec.selector.matchLabels.app: must be among spec.template.metadata.labels, with the same value'],
    ],
    [
      'a paused deployment',
      { ...deployment('a'), spec: { ...deployment('a').spec, paused: true } },
      ['spec.paused: must not be true: no pod would ever start'],
    ],
    [
      'a suspended job',
      { ...job('a'), spec: { ...job('a').spec, suspend: true } },
      ['spec.suspend: must not be true: no pod would ever start'],
    ],
    [
      'a job that is taken away when it has ended',
      { ...job('a'), spec: { ...job('a').spec, ttlSecondsAfterFinished: 0 } },
      [
        'spec.ttlSecondsAfterFinished: must be absent: the intent takes the Job away when it is over, and brings back what was taken away before',
      ],
    ],
    [
      'a job that restarts for ever',
      job('a', { restartPolicy: 'Always' }),
      ['spec.template.spec.restartPolicy: must be Never or OnFailure in a Job'],
    ],
    [
      'a deployment that does not',
      deployment('a', { restartPolicy: 'Never' }),
      ['spec.template.spec.restartPolicy: must be Always in a Deployment'],
    ],
    ['no containers', pod('a', { containers: [] }), ['spec.containers: must be at least 1 items long']],
    [
      'a name for two containers',
      pod('a', { containers: [container(), container()] }),
      ['spec.containers[1].name: must be unique in the pod; there is another container main'],
    ],
    ['a place of its own', pod('a', { nodeName: 'n' }), ['spec.nodeName: must be absent: the place is what the intent finds']],
    [
      'what the pod as a whole asks for',
      deployment('a', { resources: { requests: { cpu: '4' } } }),
      ['spec.template.spec.resources: must be absent: say of each container what it asks for, since a part is bought by that'],
    ],
    [
      'a sidecar that no quota counts',
      pod('a', { initContainers: [init('room', '1'), sidecar('1')] }),
      [`spec.initContainers[1].restartPolicy: ${SIDECAR}`],
    ],
    [
      'more than an hour to go',
      deployment('a', { terminationGracePeriodSeconds: 3_601 }),
      [
        'spec.template.spec.terminationGracePeriodSeconds: must be at most 3600: sellers refuse a pod that may take longer to go. Set placement: local, or shorten it',
      ],
    ],
    ['a node of its own', deployment('a', { nodeSelector: { disk: 'ssd' } }), [`spec.template.spec.nodeSelector: ${NODES}`]],
    [
      'required affinity',
      pod('a', { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } }),
      [`spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution: ${NODES}`],
    ],
    [
      'another account',
      pod('a', { serviceAccountName: 'admin' }),
      ['spec.serviceAccountName: must be default or absent: the namespace of the intent has no other account'],
    ],
    [
      'a claim',
      volume({ persistentVolumeClaim: { claimName: 'c' } }),
      ['spec.volumes[0]: must not be a persistent volume: its data cannot move with the workload; use emptyDir, configMap or secret'],
    ],
    ['a path of the host', volume({ hostPath: { path: '/' } }), [`spec.volumes[0].hostPath: ${HOST}`]],
    [
      'the network of the host',
      pod('a', { hostNetwork: true, hostPID: true, hostIPC: true }),
      [`spec.hostNetwork: ${HOST}`, `spec.hostPID: ${HOST}`, `spec.hostIPC: ${HOST}`],
    ],
    [
      'a port of the host',
      pod('a', { containers: [{ ...container(), ports: [{ containerPort: 1, hostPort: 80 }] }] }),
      [`spec.containers[0].ports[0].hostPort: ${HOST}`],
    ],
    [
      'the kernel of the host',
      pod('a', { containers: [{ ...container(), securityContext: { privileged: true } }] }),
      [`spec.containers[0].securityContext.privileged: ${HOST}`],
    ],
    [
      'an amount that is none',
      pod('a', { containers: [container({ requests: { cpu: 'half', memory: '1Gi' } })] }),
      ['spec.containers[0].resources.requests.cpu: must be a Kubernetes quantity that is not negative, such as 500m, 4 or 8Gi'],
    ],
    [
      'more than the limit',
      pod('a', { containers: [container({ requests: { cpu: '2', memory: '1Gi' }, limits: { cpu: '1500m' } })] }),
      ['spec.containers[0].resources.requests.cpu: must be at most the limit, 1500m'],
    ],
    [
      'a mistyped resource',
      pod('a', { containers: [container({ requests: { cpu: 1, memory: '1Gi', memry: '1Gi' } })] }),
      ['spec.containers[0].resources.requests.memry: is not a known resource; did you mean memory?'],
    ],
    [
      'a resource that we cannot buy',
      pod('a', { containers: [container({ requests: { cpu: 1, memory: '1Gi' }, limits: { 'example.com/fpga': 1 } })] }),
      ['spec.containers[0].resources.limits["example.com/fpga"]: cannot be acquired; only cpu, memory, ephemeral-storage and GPUs can'],
    ],
    [
      'a container that says nothing',
      pod('a', { containers: [container({ limits: { memory: '1Gi' } })] }),
      [
        'spec.containers[0].resources.requests.cpu: is missing: a part is bought by what the containers ask for. Say it here or as a limit, or give spec.resources',
      ],
    ],
  ])('%s', (_, manifest, lines) => expect(wrong(manifest)).toEqual(lines));

  it('an intent that stays at home may use its own hosts', () => {
    const spec = { hostNetwork: true, nodeSelector: { disk: 'ssd' }, volumes: [{ name: 'v', hostPath: { path: '/' } }] };
    expect(wrong(pod('a', spec), { placement: 'local' })).toEqual([]);
    expect(wrong(pod('a', spec), { placement: 'prefer-local' })).toHaveLength(3);
  });

  it('a key that would change every object changes nothing', () => {
    const manifest = JSON.parse(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":"x"},"__proto__":{"polluted":true}}',
    ) as unknown;
    expect(wrong(manifest)).toEqual(
      ['__proto__', 'data.__proto__'].map((field) => `${field}: cannot be a name here: it would be lost on the way`),
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
