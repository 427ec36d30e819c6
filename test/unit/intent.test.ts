import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { IntentDocument } from '../../src/domain/intent-schema.ts';
import { type Intent, reduceIntent, sameIntent } from '../../src/domain/intent.ts';
import { container, deployment, document, job, pod } from './documents.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const reduced = (input: unknown): Intent => {
  const result = reduceIntent(input, NOW);
  if (!('ok' in result)) throw new Error(JSON.stringify(result.problems, null, 1));
  return result.ok;
};
/** `field: problem` of everything that is wrong. */
const wrong = (input: unknown): readonly string[] => {
  const result = reduceIntent(input, NOW);
  return 'ok' in result ? [] : result.problems.map(({ field, problem }) => `${field}: ${problem}`);
};
const small = { workload: { manifests: [deployment('web')] } };

describe('lowest terms', () => {
  it('of the smallest intent', () => {
    expect(reduced(document(small))).toEqual({
      name: 'shop',
      workload: { kind: 'manifests', manifests: [deployment('web')] },
      request: { resources: { cpu: '500m', memory: '64Mi', pods: '1' } },
      placement: 'prefer-local',
      patienceMs: 600_000,
    });
  });

  it('of an intent that says everything', () => {
    const spec = {
      workload: { namespace: 'team-a' },
      resources: { cpu: 2, memory: '4096Mi', pods: '10', storage: '10Gi', architecture: 'arm64' },
      limits: { price: { amount: 73, currency: 'EUR', period: 'monthly' }, latency: '20ms', locations: ['Italy', ' France '] },
      deadline: '2h',
      patience: '90s',
      budget: { amount: '5.00', currency: 'eur' },
      placement: 'remote',
    };
    expect(reduced(document(spec))).toEqual({
      name: 'shop',
      workload: { kind: 'namespace', namespace: 'team-a' },
      request: {
        resources: { cpu: '2', memory: '4Gi', pods: '10', storage: '10Gi' },
        architecture: 'arm64',
        locations: ['Italy', 'France'],
        maxLatencyMs: 20,
        currency: 'EUR',
        maxHourlyPrice: { amount: '0.1', currency: 'EUR' },
      },
      placement: 'remote',
      deadline: '2030-01-01T02:00:00.000Z',
      patienceMs: 90_000,
      budget: { amount: '5', currency: 'eur' },
    });
  });

  it('is plain JSON, so that it rides in a workflow', () => {
    const intent = reduced(document(small));
    expect(JSON.parse(JSON.stringify(intent))).toEqual(intent);
  });

  it.each<[string, object, Partial<Intent> | object]>([
    ['latency as a number', { limits: { latency: 12.5 } }, { request: expect.objectContaining({ maxLatencyMs: 12.5 }) }],
    ['a deadline with a zone', { deadline: '2030-01-01T03:00:00+02:00' }, { deadline: '2030-01-01T01:00:00.000Z' }],
    [
      'a budget alone sets the currency',
      { budget: { amount: 1, currency: 'EUR' } },
      { request: expect.objectContaining({ currency: 'EUR' }) },
    ],
    ['no patience at all', { patience: '0s' }, { patienceMs: 0 }],
    [
      'architecture with manifests',
      { resources: { architecture: 'arm64' } },
      { request: expect.objectContaining({ architecture: 'arm64' }) },
    ],
    ['more than the pods ask for', { resources: { cpu: '4' } }, { request: { resources: { cpu: '4', memory: '64Mi', pods: '1' } } }],
  ])('%s', (_, more, expected) => expect(reduced(document({ ...small, ...more }))).toMatchObject(expected));
});

describe('how much the pods ask for', () => {
  const sum = (manifests: readonly object[]) => reduced(document({ workload: { manifests } })).request.resources;
  const needs = (cpu: string, memory: string) => container({ requests: { cpu, memory } });
  it.each<[string, readonly object[], object]>([
    ['replicas', [deployment('a', { replicas: 3 })], { cpu: '1500m', memory: '192Mi', pods: '3' }],
    ['one replica unless told otherwise', [deployment('a', { replicas: null })], { cpu: '500m', memory: '64Mi', pods: '1' }],
    [
      'several manifests',
      [deployment('a', { replicas: 2 }), pod('b'), job('c', { parallelism: 2 })],
      { cpu: '2500m', memory: '320Mi', pods: '5' },
    ],
    ['a job of few completions', [job('a', { parallelism: 10, completions: 3 })], { cpu: '1500m', memory: '192Mi', pods: '3' }],
    [
      'several containers',
      [pod('a', { containers: [needs('1', '1Gi'), { ...needs('1', '1Gi'), name: 'd' }] })],
      { cpu: '2', memory: '2Gi', pods: '1' },
    ],
    [
      'a limit, since a quota wants it equal',
      [pod('a', { containers: [container({ requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2' } })] })],
      { cpu: '2', memory: '1Gi', pods: '1' },
    ],
    [
      'limits alone',
      [pod('a', { containers: [container({ limits: { cpu: '1', memory: '1Gi' } })] })],
      { cpu: '1', memory: '1Gi', pods: '1' },
    ],
    [
      'a large init container',
      [pod('a', { initContainers: [{ ...needs('3', '1Mi'), name: 'i' }] })],
      { cpu: '3', memory: '64Mi', pods: '1' },
    ],
    [
      'init containers beside sidecars',
      [
        pod('a', {
          initContainers: [
            { ...needs('1', '1Mi'), name: 's', restartPolicy: 'Always' },
            { ...needs('1', '1Mi'), name: 'i' },
          ],
        }),
      ],
      { cpu: '2', memory: '65Mi', pods: '1' },
    ],
    [
      'storage',
      [pod('a', { containers: [container({ requests: { cpu: 1, memory: '1Gi', 'ephemeral-storage': '2Gi' } })] })],
      { cpu: '1', memory: '1Gi', pods: '1', storage: '2Gi' },
    ],
  ])('%s', (_, manifests, expected) => expect(sum(manifests)).toEqual(expected));

  it('shares what the section leaves among containers that ask for nothing', () => {
    const manifests = [
      deployment('a', { replicas: 2, containers: [container({ requests: { cpu: '250m' } })] }),
      pod('b', { containers: [container({})] }),
    ];
    const { workload, request } = reduced(document({ workload: { manifests }, resources: { cpu: 2, memory: '768Mi' } }));
    expect(request.resources).toEqual({ cpu: '2', memory: '768Mi', pods: '3' });
    const text = JSON.stringify(workload);
    expect(text).toContain('"requests":{"cpu":"250m","memory":"256Mi"}');
    expect(text).toContain('"requests":{"cpu":"1500m","memory":"256Mi"}');
  });

  it('never hands out more than was bought', () => {
    const n = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(n, n, n, fc.integer({ min: 100, max: 8000 }), (replicas, said, silent, millicores) => {
        const containers = [
          ...Array.from({ length: said }, (_, i) => ({ ...container({ requests: { cpu: '10m', memory: '1Mi' } }), name: `said-${i}` })),
          ...Array.from({ length: silent }, (_, i) => ({ ...container({ requests: { memory: '1Mi' } }), name: `silent-${i}` })),
        ];
        const spec = { workload: { manifests: [deployment('a', { replicas, containers })] }, resources: { cpu: `${millicores}m` } };
        const result = reduceIntent(document(spec), NOW);
        if (!('ok' in result)) return replicas * (said * 10 + silent) > millicores;
        const again = reduced(
          document({ workload: { manifests: result.ok.workload.kind === 'manifests' ? result.ok.workload.manifests : [] } }),
        );
        return Number.parseInt(again.request.resources.cpu, 10) <= 1000 * millicores && result.ok.request.resources.cpu !== '0';
      }),
    );
  });
});

describe('every wrong field at once', () => {
  it('in shape and in meaning together', () => {
    const spec = {
      workload: { manifests: [pod('a', { hostNetwork: true }), { ...pod('a'), kind: 'DaemonSet' }, pod('a')] },
      resources: { cpu: 'much' },
      limits: { latncy: 20, price: { amount: '0.1', currency: 'EUR' } },
      deadline: '2029-12-31T00:00:00Z',
      budget: { amount: 1, currency: 'USD' },
      patience: 'long',
    };
    expect(
      wrong({ apiVersion: 'rearguard.dev/v1', kind: 'Intent', metadata: { name: 'A' }, spec }).map((line) => line.split(': ')[0]),
    ).toEqual([
      'metadata.name',
      'spec.workload.manifests[1].kind',
      'spec.resources.cpu',
      'spec.limits.latncy',
      'spec.patience',
      'spec.workload.manifests[0].spec.hostNetwork',
      'spec.workload.manifests[2].metadata.name',
      'spec.deadline',
      'spec.budget.currency',
    ]);
  });

  it.each<[string, object, string]>([
    ['a mistyped field', { limits: { latncy: 20 } }, 'spec.limits.latncy: is not a known field; did you mean latency?'],
    ['a field one level too high', { latency: 20 }, 'spec.latency: is not a known field; did you mean limits.latency?'],
    ['another spelling', { maxPrice: 1 }, 'spec.maxPrice: is not a known field; did you mean limits.price?'],
    [
      'a field one level too low',
      { limits: { patience: '1m' } },
      'spec.limits.patience: is not a known field; did you mean spec.patience?',
    ],
    [
      'a mistyped value',
      { placement: 'remot' },
      'spec.placement: must be one of prefer-local, local, remote, not "remot"; did you mean remote?',
    ],
    [
      'nothing like it',
      { colour: 1 },
      'spec.colour: is not a known field; known here: workload, resources, limits, deadline, patience, budget, placement',
    ],
    [
      'money with an exponent',
      { budget: { amount: 1e-7, currency: 'EUR' } },
      'spec.budget.amount: must be a decimal of more than 0 such as "0.25", of at most 18 digits before and 12 behind the point; put it in quotes',
    ],
    [
      'no money',
      { budget: { amount: 0, currency: 'EUR' } },
      'spec.budget.amount: must be a decimal of more than 0 such as "0.25", of at most 18 digits before and 12 behind the point; put it in quotes',
    ],
    [
      'two currencies',
      { limits: { price: { amount: 1, currency: 'EUR' } }, budget: { amount: 1, currency: 'USD' } },
      'spec.budget.currency: must be that of limits.price, EUR: currencies are never converted',
    ],
    ['a past deadline', { deadline: '2029-12-31T23:59:59Z' }, 'spec.deadline: must lie in the future; it is now 2030-01-01T00:00:00.000Z'],
    [
      'a deadline without a zone',
      { deadline: '2031-01-01T00:00:00' },
      'spec.deadline: must be an RFC 3339 time such as 2030-01-31T18:00:00Z, or a duration such as 2h',
    ],
    [
      'a day that is none',
      { deadline: '2031-02-30T00:00:00Z' },
      'spec.deadline: must be an RFC 3339 time such as 2030-01-31T18:00:00Z, or a duration such as 2h',
    ],
    [
      'negative latency',
      { limits: { latency: -1 } },
      'spec.limits.latency: must be a number of milliseconds that is not negative, or a duration such as 20ms',
    ],
    ['half a pod', { resources: { pods: 1.5 } }, 'spec.resources.pods: must be a whole number of pods, at least 1'],
    ['no cpu', { resources: { cpu: 0 } }, 'spec.resources.cpu: must be more than 0'],
    [
      'negative memory',
      { resources: { memory: '-1Gi' } },
      'spec.resources.memory: must be a Kubernetes quantity that is not negative, such as 500m, 4 or 8Gi',
    ],
    [
      'less than the pods ask for',
      { resources: { cpu: '100m' } },
      'spec.resources.cpu: must be at least 500m: that is what the pods of the manifests ask for together (Deployment web: 1)',
    ],
  ])('%s', (_, more, line) => expect(wrong(document({ ...small, ...more }))).toEqual([line]));

  it.each<[string, unknown, string]>([
    ['neither manifests nor namespace', {}, 'spec.workload: is empty: give manifests, or the namespace that is to be sent'],
    ['both', { ...small.workload, namespace: 'a' }, 'spec.workload: must be either manifests or a namespace, not both'],
    ['no manifest', { manifests: [] }, 'spec.workload.manifests: must be at least 1 items long'],
    [
      'too many',
      { manifests: Array.from({ length: 51 }, (_, i) => pod(`p${i}`)) },
      'spec.workload.manifests: must be at most 50 items long',
    ],
    [
      'no pods',
      { manifests: [deployment('a', { replicas: 0 })] },
      'spec.workload.manifests: must run at least one pod: give a Deployment, a Job or a Pod, with replicas or parallelism of at least 1',
    ],
  ])('a workload of %s', (_, workload, line) => expect(wrong(document({ workload }))).toEqual([line]));

  it.each(['kube-system', 'liqo', 'liqo-tenant-north', 'rearguard', 'intent-other'])(
    'the namespace %s belongs to the cluster',
    (namespace) =>
      expect(wrong(document({ workload: { namespace }, resources: { cpu: 1, memory: 1, pods: 1 } }))).toEqual([
        'spec.workload.namespace: belongs to the cluster itself and cannot be sent elsewhere',
      ]),
  );
  it('a namespace needs the resources section', () =>
    expect(wrong(document({ workload: { namespace: 'team-a' }, resources: { memory: '1Gi' } }))).toEqual([
      'spec.resources.cpu: is missing: with workload.namespace nothing else says how much to acquire',
      'spec.resources.pods: is missing: with workload.namespace nothing else says how much to acquire',
    ]));
  it('a section that leaves nothing for those who ask for nothing', () => {
    const spec = {
      workload: { manifests: [pod('a', { containers: [container({ requests: { memory: '1Mi' } })] }), pod('b')] },
      resources: { cpu: '500m' },
    };
    expect(wrong(document(spec))).toEqual([
      'spec.resources.cpu: must be more than 500m: containers of the manifests ask for no cpu and would share what is left, which is nothing',
    ]);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown;
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a cycle', cycle],
    ['a bigint', { a: 1n }],
    ['a deep well', deep],
    ['null', null],
    ['a list', []],
    ['a text', 'kind: Intent'],
    ['a large one', document({ ...small, note: 'x'.repeat(300_000) })],
    ['a large one of few characters', document({ ...small, note: '語'.repeat(100_000) })],
  ])('refuses %s whole', (_, input) => {
    const lines = wrong(input);
    expect(lines).toHaveLength(1);
    expect(lines[0]?.startsWith(': must be')).toBe(true);
  });

  it('never throws, whatever it is given, and always says something', () =>
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), fc.anything(), (spec, workload) => {
        for (const input of [spec, document(spec), document({ workload }), document({ workload: { manifests: [workload] } })]) {
          const result = reduceIntent(input, NOW);
          if (!('ok' in result) && result.problems.length === 0) return false;
        }
        return true;
      }),
      { numRuns: 300 },
    ));

  it('takes one field of a good document away, or spoils it, and that field is named', () => {
    const good = document({
      workload: { namespace: 'team-a' },
      resources: { cpu: 1, memory: 1, pods: 1 },
      deadline: '2h',
      patience: '1m',
      placement: 'local',
    });
    for (const path of [
      ['apiVersion'],
      ['kind'],
      ['metadata', 'name'],
      ['spec', 'deadline'],
      ['spec', 'patience'],
      ['spec', 'placement'],
      ['spec', 'resources', 'cpu'],
    ]) {
      const spoilt = structuredClone(good) as Record<string, unknown>;
      const last = path.at(-1) ?? '';
      const parent = path.slice(0, -1).reduce<Record<string, unknown>>((at, key) => at[key] as Record<string, unknown>, spoilt);
      parent[last] = { spoilt: true };
      expect(wrong(spoilt).map((line) => line.split(': ')[0])).toEqual([path.join('.')]);
    }
  });
});

describe('sameIntent', () => {
  const base = document(small);
  it.each<[string, unknown, unknown, boolean]>([
    ['itself', base, structuredClone(base), true],
    [
      'another spelling',
      document({ ...small, resources: { cpu: 1 } }),
      document({ resources: { cpu: '1000m' }, ...small, patience: '600s' }),
      true,
    ],
    [
      'another order of keys',
      base,
      JSON.parse(JSON.stringify({ spec: base.spec, metadata: base.metadata, kind: base.kind, apiVersion: base.apiVersion })),
      true,
    ],
    [
      'another image',
      base,
      document({ workload: { manifests: [deployment('web', { containers: [{ ...container(), image: 'other' }] })] } }),
      false,
    ],
    ['another name', base, { ...base, metadata: { name: 'other' } }, false],
    ['another limit', base, document({ ...small, limits: { latency: 1 } }), false],
    ['one that is no intent', base, {}, false],
    ['two that are none', {}, {}, false],
  ])('%s', (_, a, b, same) => expect(sameIntent(a, b)).toBe(same));
});

it('has a JSON Schema for the OpenAPI document, with words for every field', () => {
  const schema = z.toJSONSchema(IntentDocument, { io: 'input' });
  expect(schema).toMatchObject({ title: 'Intent', additionalProperties: false, required: ['apiVersion', 'kind', 'metadata', 'spec'] });
  const text = JSON.stringify(schema);
  for (const words of ['prefer-local', 'Either manifests or a namespace', 'how long to look'.slice(4)]) expect(text).toContain(words);
});
