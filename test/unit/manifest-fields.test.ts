/** The manifests of an intent are held to the fields that Kubernetes knows: what is misspelt is told before anything is bought, with what was probably meant. */
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { reduceIntent } from '../../src/domain/intent.ts';
import { KUBERNETES_RELEASE } from '../../src/domain/kubernetes-fields.ts';
import { container, deployment, document, job, pod } from './documents.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const wrong = (...manifests: readonly unknown[]): readonly string[] => {
  const result = reduceIntent(document({ workload: { manifests } }), NOW);
  return 'ok' in result ? [] : result.problems.map(({ field, problem }) => `${field.replace('spec.workload.manifests', '')}: ${problem}`);
};
const UNKNOWN = `is not a field of Kubernetes ${KUBERNETES_RELEASE}`;
const web = deployment('web');
const inPod = (more: object) => pod('p', { containers: [{ ...container(), ...more }] });
const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });

it('is what the installed client of Kubernetes says; `node scripts/kubernetes-fields.mjs` writes it', async () => {
  const { kubernetesFields } = (await import('../../scripts/kubernetes-fields.mjs' as string)) as {
    readonly kubernetesFields: () => string;
  };
  expect(fs.readFileSync('src/domain/kubernetes-fields.ts', 'utf8')).toBe(kubernetesFields());
});

const MISSPELT: readonly (readonly [string, unknown, string])[] = [
  ['replica', { ...web, spec: { ...web.spec, replica: 3 } }, `[0].spec.replica: ${UNKNOWN}; did you mean replicas?`],
  [
    'request',
    inPod({ resources: { ...container().resources, request: { cpu: '2' } } }),
    `[0].spec.containers[0].resources.request: ${UNKNOWN}; did you mean requests?`,
  ],
  ['contianers', pod('p', { contianers: [container()] }), `[0].spec.contianers: ${UNKNOWN}; did you mean containers?`],
  [
    'in a probe',
    inPod({ readinessProbe: { httpGet: { prot: 80 } } }),
    `[0].spec.containers[0].readinessProbe.httpGet.prot: ${UNKNOWN}; did you mean port?`,
  ],
  ['beside its place', { ...web, replicas: 3 }, `[0].replicas: ${UNKNOWN}; did you mean spec.replicas?`],
  ['in another case', job('j', { hostnetwork: true }), `[0].spec.template.spec.hostnetwork: ${UNKNOWN}; did you mean hostNetwork?`],
  ['of a volume', pod('p', { volumes: [{ name: 'v', emptydir: {} }] }), `[0].spec.volumes[0].emptydir: ${UNKNOWN}; did you mean emptyDir?`],
  ['of a service', service({ port: [{ port: 80 }] }), `[0].spec.port: ${UNKNOWN}; did you mean ports?`],
  [
    'of a secret',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringdata: { a: 'b' } },
    `[0].stringdata: ${UNKNOWN}; did you mean stringData?`,
  ],
  ['of metadata', { ...pod('p'), metadata: { name: 'p', label: {} } }, `[0].metadata.label: ${UNKNOWN}; did you mean labels?`],
  ['of a mistyped kind', { ...pod('p', { contianers: [] }), kind: 'pod' }, `[0].spec.contianers: ${UNKNOWN}; did you mean containers?`],
  [
    'a value that is no text',
    inPod({ env: [{ name: 'PORT', value: 5432 }] }),
    '[0].spec.containers[0].env[0].value: must be a text; put it in quotes',
  ],
  [
    'a text for a number',
    inPod({ ports: [{ containerPort: '80' }] }),
    '[0].spec.containers[0].ports[0].containerPort: must be a number, not "80"',
  ],
  ['one for a list', inPod({ args: '--all' }), '[0].spec.containers[0].args: must be a list, not a text'],
];
it.each(MISSPELT)('tells a misspelt field: %s', (_, manifest, line) => {
  expect(wrong(pod('before'), service({ ports: [{ port: 80, targetPort: 'http' }] }), manifest)).toContain(line.replace('[0]', '[2]'));
});

it('tells a place once that has another shape', () => {
  const lines = wrong({ ...web, spec: { ...web.spec, replicas: 'many', template: [] } });
  expect(lines.map((line) => line.split(': ')[0])).toEqual(['[0].spec.replicas', '[0].spec.template']);
});

it('takes whatever Kubernetes takes, and what its tools write', () => {
  const whole = inPod({
    resources: { requests: { cpu: 1, memory: '1Gi' }, limits: null },
    env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: 1 } } }],
    ports: [{ containerPort: 80, protocol: 'TCP' }],
    livenessProbe: { tcpSocket: { port: 'http' } },
    volumeMounts: [{ name: 'v', mountPath: '/v' }],
  });
  const written = { ...whole, metadata: { name: 'p', creationTimestamp: null, annotations: { 'any.thing/is': 'a name' } }, status: {} };
  const volumes = [
    { name: 'v', emptyDir: { sizeLimit: 1024 } },
    { name: 'w', projected: { sources: [{ configMap: { name: 'c' } }] } },
  ];
  expect(wrong({ ...written, spec: { ...whole.spec, volumes, tolerations: [{ operator: 'Exists' }] } })).toEqual([]);
});

it('says what is wrong with as many manifests as an intent may hold, in little time', () => {
  const many = Array.from({ length: 4_000 }, (_, i) => ({ kind: 'Pod', [`spce${i}`]: 1, metadata: { nam: 1 } }));
  const before = performance.now();
  expect(wrong(...many).length).toBeGreaterThan(4_000);
  expect(performance.now() - before).toBeLessThan(5_000);
});
