/** Everything that is wrong with the manifests of an intent is told in one round: what hides nothing, and what only follows from something else is not told. */
import { expect, it } from 'vitest';
import { reduceIntent } from '../../src/domain/intent.ts';
import { container, deployment, document, job, pod } from './documents.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
/** `field: problem` of everything that is wrong. */
const wrong = (input: unknown): readonly string[] => {
  const result = reduceIntent(input, NOW);
  return 'ok' in result ? [] : result.problems.map(({ field, problem }) => `${field}: ${problem}`);
};

it('of a manifest whose kind is mistyped, or of another version', () => {
  const manifests = [
    { ...deployment('web', { replicas: 'many', hostNetwork: true, containers: [container(), { name: 'B' }] }), kind: 'Deploymnet' },
    { ...pod('a', { hostPID: true }), kind: 'pod' },
    { ...job('b', { restartPolicy: 'Always' }), apiVersion: 'batch/v1beta1' },
    { ...pod('c'), kind: 'statefulset' },
  ];
  expect(wrong(document({ workload: { manifests } }))).toEqual([
    'spec.workload.manifests[0].kind: must be one of Deployment, Job, Pod, ConfigMap, Secret, Service, not Deploymnet; did you mean Deployment?',
    'spec.workload.manifests[1].kind: must be one of Deployment, Job, Pod, ConfigMap, Secret, Service, not pod; did you mean Pod?',
    'spec.workload.manifests[2].apiVersion: must be batch/v1, not "batch/v1beta1"',
    'spec.workload.manifests[3].kind: must be one of Deployment, Job, Pod, ConfigMap, Secret, Service, not statefulset; the volumes of a StatefulSet would stay behind when its place changes; use a Deployment',
    expect.stringContaining('spec.workload.manifests[0].spec.replicas: '),
    expect.stringContaining('spec.workload.manifests[0].spec.template.spec.containers[1].name: '),
    'spec.workload.manifests[0].spec.template.spec.containers[1].image: is missing',
    expect.stringMatching(/^spec\.workload\.manifests\[0\]\.spec\.template\.spec\.hostNetwork: /),
    expect.stringMatching(/^spec\.workload\.manifests\[0\]\..*\.containers\[1\]\.resources\.requests\.cpu: is missing/),
    expect.stringMatching(/^spec\.workload\.manifests\[0\]\..*\.containers\[1\]\.resources\.requests\.memory: is missing/),
    expect.stringContaining('spec.workload.manifests[1].spec.hostPID: cannot work on a node of another owner'),
    'spec.workload.manifests[2].spec.template.spec.restartPolicy: must be Never or OnFailure in a Job',
  ]);
});

it('what is wrong beside a wrong shape, and nothing that follows from it', () => {
  const first = container({ requests: { cpu: 'much', memory: '1Mi' } });
  const web = deployment('web', {
    containers: [
      { ...first, name: 'A' },
      { ...container(), name: 'B' },
    ],
    hostIPC: true,
  });
  const manifests = [web, { ...pod('a', { hostPID: true }), metadata: {} }, { ...pod('b', { nodeName: 'mine' }), spec: 'none' }];
  expect(wrong(document({ workload: { manifests } })).map((line) => line.split(': ')[0])).toEqual([
    'spec.workload.manifests[0].spec.template.spec.containers[0].name',
    'spec.workload.manifests[0].spec.template.spec.containers[0].resources.requests.cpu',
    'spec.workload.manifests[0].spec.template.spec.containers[1].name',
    'spec.workload.manifests[1].metadata.name',
    'spec.workload.manifests[2].spec',
    'spec.workload.manifests[0].spec.template.spec.hostIPC',
    'spec.workload.manifests[1].spec.hostPID',
  ]);
});

it('spoils one place of a good manifest after the other, and that place alone is named', () => {
  const whole = deployment('web', {
    containers: [
      { ...container({ requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '1', memory: '1Mi' } }), ports: [{ hostPort: 0 }] },
    ],
    volumes: [{ name: 'v' }],
    nodeSelector: {},
    restartPolicy: 'Always',
  });
  const placesOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
    typeof value === 'object' && value !== null
      ? [path, ...Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...path, key]))]
      : [path];
  for (const place of placesOf(whole).filter((path) => path.length > 0)) {
    for (const spoilt of [{ spoilt: true }, [], 'no\u0000ne', -1, null]) {
      const copy = structuredClone(whole) as unknown as Record<string, unknown>;
      const parent = place.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, copy);
      parent[place.at(-1) ?? ''] = spoilt;
      const text = place.reduce((path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : `${path}.${key}`), 'spec.workload.manifests[0]');
      // Of the right shape all the same: nothing in place of a map, another label, and metadata without labels.
      const labels = typeof spoilt === 'string' || text.endsWith('.template.metadata');
      const follows = spoilt === null ? /resources\.requests\.|selector\.matchLabels\./ : labels ? /selector\.matchLabels\./ : /^$/;
      const others = wrong(document({ workload: { manifests: [copy] } })).filter((line) => !line.startsWith(text) && !follows.test(line));
      expect({ text, spoilt, others }).toEqual({ text, spoilt, others: [] });
    }
  }
});
