import { describe, expect, it } from 'vitest';
import { reduceIntent, sameIntent } from '../../src/domain/intent.ts';
import { deployment, document } from './documents.ts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const small = { workload: { manifests: [deployment('web')] } };
const of = (services: unknown, more: object = {}) => reduceIntent(document({ ...small, services, ...more }), NOW);
const wrong = (services: unknown, more: object = {}): readonly string[] => {
  const result = of(services, more);
  return 'ok' in result ? [] : result.problems.map(({ field, problem }) => `${field}: ${problem}`);
};
const database = { name: 'db', category: 'database' };

describe('services in lowest terms', () => {
  it('of the smallest', () => {
    expect(of([database])).toMatchObject({ ok: { services: [{ name: 'db', kind: 'service', category: 'database', configuration: {} }] } });
  });
  it('of one that says everything', () => {
    const limits = { price: { amount: 73, currency: 'EUR', period: 'monthly' }, latency: '20ms', locations: [' Italy '] };
    const whole = { ...database, kind: 'vm', flavor: 'big', tags: ['fast'], hostingPolicy: 'Provider', configuration: { a: 1 }, limits };
    expect(of([whole])).toMatchObject({
      ok: {
        services: [
          {
            name: 'db',
            kind: 'vm',
            category: 'database',
            flavor: 'big',
            tags: ['fast'],
            hostingPolicy: 'Provider',
            configuration: { a: 1 },
            locations: ['Italy'],
            maxLatencyMs: 20,
            currency: 'EUR',
            maxHourlyPrice: { amount: '0.1', currency: 'EUR' },
          },
        ],
      },
    });
  });
  it.each([
    ['Consumer', undefined, { cpu: '1', memory: '2Gi', pods: '4', storage: '8Gi' }],
    ['Shared', { cpu: 0.5, memory: '4096Mi', storage: 0 }, { cpu: '500m', memory: '4Gi', pods: '4', storage: '0' }],
  ])('hosted here, as %s, have a bound', (hostingPolicy, resources, bound) => {
    expect(of([{ ...database, hostingPolicy, resources }])).toMatchObject({ ok: { services: [{ hostingPolicy, bound }] } });
  });
  it('are counted in the currency of the budget', () => {
    expect(of([database], { budget: { amount: 1, currency: 'EUR' } })).toMatchObject({ ok: { services: [{ currency: 'EUR' }] } });
  });
  it('are absent where there are none, so that histories of such intents are as they were', () => {
    expect(of(undefined)).toMatchObject({ ok: expect.not.objectContaining({ services: expect.anything() }) });
  });
  it('are part of what an intent asks for', () => {
    const asks = (password: string) => document({ ...small, services: [{ ...database, configuration: { password } }] });
    expect(sameIntent(asks('one'), asks('one'))).toBe(true);
    expect(sameIntent(asks('one'), asks('two'))).toBe(false);
  });
});

describe('services that are wrong', () => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' } };
  it.each<[string, unknown, object, readonly string[]]>([
    ['none at all', [], {}, ['spec.services: must be at least 1 items long']],
    ['a mistyped field', [{ ...database, categroy: 'x' }], {}, ['spec.services[0].categroy: is not a known field; did you mean category?']],
    [
      'a mistyped kind',
      [{ ...database, kind: 'servce' }],
      {},
      ['spec.services[0].kind: must be one of service, vm, sensor, not "servce"; did you mean service?'],
    ],
    [
      'a mistyped policy',
      [{ ...database, hostingPolicy: 'provider' }],
      {},
      ['spec.services[0].hostingPolicy: must be one of Provider, Consumer, Shared, not "provider"; did you mean Provider?'],
    ],
    [
      'room here for what is not hosted here',
      [
        { ...database, resources: { cpu: 1 } },
        { name: 'q', category: 'queue', hostingPolicy: 'Provider', resources: {} },
      ],
      {},
      [0, 1].map((i) => `spec.services[${i}].resources: is of what is hosted here: with the hosting policy Consumer or Shared only`),
    ],
    [
      'half a pod, and no processor',
      [{ ...database, hostingPolicy: 'Consumer', resources: { pods: 0.5, cpu: 0 } }],
      {},
      [
        'spec.services[0].resources.cpu: must be more than 0',
        'spec.services[0].resources.pods: must be a whole number of pods, at least 1',
      ],
    ],
    ['no name', [{ category: 'database' }], {}, ['spec.services[0].name: is missing']],
    [
      'no DNS label',
      [{ ...database, name: 'My DB' }],
      {},
      ['spec.services[0].name: must be lower-case letters, digits and hyphens, with a letter or digit at both ends'],
    ],
    ['nothing wanted', [{ name: 'db' }], {}, ['spec.services[0]: says nothing of what is wanted: give a category, a flavor or tags']],
    ['a name twice', [database, database], {}, ['spec.services[1].name: must be unique: services[0] is called db too']],
    [
      'the name of a Secret of the workload',
      [database],
      { workload: { manifests: [deployment('web'), secret] } },
      ['spec.services[0].name: is the name of a Secret of the workload too: what is handed over is a Secret of that name'],
    ],
    [
      'a configuration that is a text',
      [{ ...database, configuration: 'hunter2' }],
      {},
      ['spec.services[0].configuration: must be an object, not a text'],
    ],
    [
      'another currency',
      [{ ...database, limits: { price: { amount: 1, currency: 'USD' } } }],
      { limits: { price: { amount: 1, currency: 'EUR' } } },
      ['spec.services[0].limits.price.currency: must be that of limits.price, EUR: currencies are never converted'],
    ],
  ])('%s', (_, services, more, lines) => expect(wrong(services, more)).toEqual(lines));
});
