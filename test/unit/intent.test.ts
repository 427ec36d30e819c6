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
      budget: { amount: '5.00', currency: 'EUR' },
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
      budget: { amount: '5', currency: 'EUR' },
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
    ['the patience of a year, whole', { patience: '365d' }, { patienceMs: 365 * 86_400_000 }],
    [
      'architecture with manifests',
      { resources: { architecture: 'arm64' } },
      { request: expect.objectContaining({ architecture: 'arm64' }) },
    ],
    ['more than the pods ask for', { resources: { cpu: '4' } }, { request: { resources: { cpu: '4', memory: '64Mi', pods: '1' } } }],
  ])('%s', (_, more, expected) => expect(reduced(document({ ...small, ...more }))).toMatchObject(expected));
});

describe('how much the pods ask for', () => {
  const sum = (manifests: readonly object[]) => reduced(document({ workload: { manifests }, placement: 'local' })).request.resources;
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
