import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reduceIntent } from '../../src/domain/intent.ts';
import { container, deployment, document, pod } from './documents.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
/** `field: problem` of everything that is wrong. */
const wrong = (input: unknown): readonly string[] => {
  const result = reduceIntent(input, NOW);
  return 'ok' in result ? [] : result.problems.map(({ field, problem }) => `${field}: ${problem}`);
};
const small = { workload: { manifests: [deployment('web')] } };

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
      'spec.colour: is not a known field; known here: workload, resources, limits, services, deadline, patience, budget, placement',
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
    [
      'money that is none',
      { budget: { amount: 1, currency: 'XYZ' } },
      'spec.budget.currency: must be an ISO 4217 code in capitals such as EUR, not "XYZ"',
    ],
    [
      'a currency in words',
      { limits: { price: { amount: 1, currency: 'Euro' } } },
      'spec.limits.price.currency: must be an ISO 4217 code in capitals such as EUR, not "Euro"; did you mean EUR?',
    ],
    [
      'a currency in small letters',
      { budget: { amount: 1, currency: 'eur' } },
      'spec.budget.currency: must be an ISO 4217 code in capitals such as EUR, not "eur"; did you mean EUR?',
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
      'spec.limits.latency: must be a number of milliseconds, or a duration such as 20ms, from 0 to a minute',
    ],
    [
      'hours of latency',
      { limits: { latency: '20h' } },
      'spec.limits.latency: must be a number of milliseconds, or a duration such as 20ms, from 0 to a minute',
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
