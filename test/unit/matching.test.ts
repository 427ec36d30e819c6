import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dialect, ResourceRequest } from '../../src/domain/candidate.ts';
import type { Flavor } from '../../src/domain/flavor.ts';
import { nodeId } from '../../src/domain/ids.ts';
import { type AskedNode, assess } from '../../src/domain/matching.ts';
import { compareAmounts } from '../../src/domain/money.ts';
import { checkPart } from '../../src/domain/partition.ts';
import { fits } from '../../src/domain/resources.ts';
import { sliceFlavor } from './flavors.ts';

const self = { id: nodeId('me'), address: '192.0.2.1:3004', domain: 'me.example' };
const request: ResourceRequest = { resources: { cpu: '1', memory: '1Gi', pods: '10' } };
const verdict = (flavor: Flavor, more: Partial<ResourceRequest> = {}) =>
  assess(flavor, { ...request, ...more }, { self, dialect: 'rearguard', asked: { address: flavor.owner.address, identity: flavor.owner } });
const codes = (flavor: Flavor, more: Partial<ResourceRequest> = {}) => {
  const found = verdict(flavor, more);
  return 'refusals' in found ? found.refusals.map(({ code }) => code) : [];
};
const limit = (amount: string, currency = 'EUR') => ({ maxHourlyPrice: { amount, currency } });
const turin = { country: 'Italy', city: 'Turin' };

describe('what will do', () => {
  it('becomes a candidate with the part to buy and its price', () => {
    const flavor = sliceFlavor('f', {
      price: '1',
      offer: {
        latencyMs: 5,
        partitionability: { min: { cpu: '2', memory: '1Gi', pods: '0' }, step: { cpu: '500m', memory: '1Gi', pods: '20' } },
      },
    });
    expect(verdict(flavor, limit('0.2'))).toEqual({
      candidate: {
        flavor,
        seller: flavor.owner,
        dialect: 'rearguard',
        part: { cpu: '2', memory: '1Gi', pods: '20' },
        hourly: { amount: '0.2', currency: 'EUR' },
        latencyMs: 5,
        rating: 0.5,
      },
    });
  });
  it.each<[string, Flavor, Partial<ResourceRequest>]>([
    ['no limits and no price', sliceFlavor('f'), {}],
    ['a price at the limit', sliceFlavor('f', { price: '1' }), limit('0.1')],
    ['a monthly price at the limit', sliceFlavor('f', { price: { amount: '730', currency: 'EUR', period: 'monthly' } }), limit('0.1')],
    ['a currency in other letters', sliceFlavor('f', { price: { amount: '1', currency: 'eur', period: 'hourly' } }), limit('1')],
    ['the same country', sliceFlavor('f', { location: turin }), { locations: ['France', 'ITALY'] }],
    ['the same city', sliceFlavor('f', { location: turin }), { locations: [' turin '] }],
    ['latency at the limit', sliceFlavor('f', { offer: { latencyMs: 20 } }), { maxLatencyMs: 20 }],
    ['no latency at all', sliceFlavor('f', { offer: { latencyMs: 0 } }), { maxLatencyMs: 0 }],
    ['the same architecture', sliceFlavor('f'), { architecture: 'amd64' }],
    ['exactly what is wanted', sliceFlavor('f', { offer: { resources: request.resources } }), {}],
    ['another of our domain', sliceFlavor('f', { owner: { ...self, id: nodeId('sister'), address: '192.0.2.9:1' } }), {}],
  ])('%s', (_, flavor, more) => expect(codes(flavor, more)).toEqual([]));
});

describe('GPUs', () => {
  const gpu = { model: 'NVIDIA-A100-SXM4-40GB', cores: '8', memory: '320Gi' };
  const flavor = sliceFlavor('f', { price: '8', offer: { resources: { cpu: '80', memory: '80Gi', pods: '100', gpu: '8' }, gpu } });
  const two: Partial<ResourceRequest> = { resources: { cpu: '1', memory: '1Gi', pods: '10', gpu: '2' } };
  it('are bought as many as are wanted, at their share', () => {
    expect(verdict(flavor, two)).toMatchObject({ candidate: { part: { cpu: '1', gpu: '2' }, hourly: { amount: '2' } } });
    expect(verdict(flavor)).toMatchObject({ candidate: { part: { cpu: '1', memory: '1Gi', pods: '10' } } });
  });
  it.each<[string, Flavor, Partial<ResourceRequest>, string]>([
    ['none', sliceFlavor('f'), two, 'too-small: has no gpu, and 2 is wanted'],
    ['too few', flavor, { resources: { ...request.resources, gpu: '9' } }, 'too-small: has 8 gpu, and 9 is wanted'],
    ['of another model', flavor, { ...two, gpu: { model: 'h100' } }, 'gpu: has GPUs of NVIDIA-A100-SXM4-40GB, and h100 is wanted'],
    ['of less memory', flavor, { ...two, gpu: { memory: '80Gi' } }, 'gpu: has GPUs of 40Gi each, and at least 80Gi is wanted'],
    [
      'by another resource',
      flavor,
      { ...two, gpu: { resource: 'amd.com/gpu' } },
      'gpu: has GPUs that pods get as nvidia.com/gpu, and amd.com/gpu is wanted',
    ],
  ])('that are %s will not do', (_, offered, more, words) => {
    const found = verdict(offered, more);
    expect('refusals' in found && found.refusals.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([words]);
  });
  it.each<Partial<ResourceRequest>['gpu']>([{ model: 'a100' }, { memory: '40Gi' }, { resource: 'nvidia.com/gpu' }])('%j will do', (gpu) =>
    expect(codes(flavor, { ...two, gpu: gpu ?? {} })).toEqual([]),
  );
});

describe('whose it is', () => {
  const flavor = sliceFlavor('f');
  const { owner } = flavor;
  const of = (asked: AskedNode, dialect: Dialect = 'rearguard') => assess(flavor, request, { self, dialect, asked });
  it.each<[string, AskedNode]>([
    ['of another node', { address: owner.address, identity: { ...owner, id: nodeId('liar') } }],
    ['of a node that is elsewhere', { address: '192.0.2.66:1', identity: owner }],
    ['of a node that says it is elsewhere', { address: owner.address, identity: { ...owner, address: '192.0.2.66:1' } }],
    ['by a node that says not who it is', { address: owner.address }],
  ])('%s: not theirs', (_, asked) => expect(of(asked)).toMatchObject({ refusals: [{ code: 'not-theirs' }] }));
  it.each<[string, AskedNode]>([
    ['as it is', { address: owner.address, identity: owner }],
    ['spelt otherwise', { address: owner.address.toUpperCase(), identity: { ...owner, address: owner.address.toUpperCase() } }],
  ])('%s: theirs', (_, asked) => expect(of(asked)).toMatchObject({ candidate: { seller: { id: owner.id, address: asked.address } } }));
  it.each(['rearguard', 'fluidos'] as const)('of a node that we know elsewhere, from a %s node: not theirs', (dialect) => {
    const asked = { address: '192.0.2.66:1', identity: { ...owner, address: '192.0.2.66:1' } };
    const impostor = { ...flavor, owner: asked.identity };
    const others = new Map([[owner.id, owner.address]]);
    expect(assess(impostor, request, { self, dialect, asked })).toHaveProperty('candidate');
    expect(assess(impostor, request, { self, dialect, asked: { ...asked, others } })).toMatchObject({ refusals: [{ code: 'not-theirs' }] });
  });
  it('is not known of a FLUIDOS node, which is asked where it was asked before, whatever its list says', () => {
    expect(of({ address: '192.0.2.66:1' }, 'fluidos')).toMatchObject({ candidate: { seller: { id: owner.id, address: '192.0.2.66:1' } } });
  });
});

describe('what will not do', () => {
  const without = (name: 'cpu' | 'memory' | 'pods', amount: string) =>
    sliceFlavor('f', { offer: { resources: { cpu: '10', memory: '10Gi', pods: '100', [name]: amount } } });
  it.each<[string, Flavor, Partial<ResourceRequest>, readonly string[]]>([
    [
      'a service',
      {
        ...sliceFlavor('f'),
        offer: {
          kind: 'service',
          name: 'db',
          description: '',
          category: 'database',
          tags: [],
          hostingPolicies: [],
          configurationTemplate: {},
        },
      },
      {},
      ['not-a-slice'],
    ],
    ['not available', sliceFlavor('f', { available: false }), {}, ['unavailable']],
    ['our own, by id', sliceFlavor('f', { owner: { ...self, address: '192.0.2.9:1' } }), {}, ['own-flavor']],
    ['our own, by address', sliceFlavor('f', { owner: { ...self, id: nodeId('x') } }), {}, ['own-flavor']],
    ['too little cpu', without('cpu', '999m'), {}, ['too-small']],
    [
      'too little of all',
      sliceFlavor('f', { offer: { resources: { cpu: '0', memory: '0', pods: '0' } } }),
      {},
      ['too-small', 'too-small', 'too-small'],
    ],
    ['no storage', sliceFlavor('f'), { resources: { ...request.resources, storage: '1Gi' } }, ['too-small']],
    [
      'less left than may be sold',
      sliceFlavor('f', {
        offer: { partitionability: { min: { cpu: '20', memory: '0', pods: '0' }, step: { cpu: '0', memory: '0', pods: '0' } } },
      }),
      {},
      ['cannot-be-cut'],
    ],
    ['another architecture', sliceFlavor('f'), { architecture: 'arm64' }, ['architecture']],
    ['another place', sliceFlavor('f', { location: turin }), { locations: ['France'] }, ['location']],
    ['no stated place', sliceFlavor('f'), { locations: ['Italy'] }, ['location']],
    ['only part of a name', sliceFlavor('f', { location: turin }), { locations: ['Ital'] }, ['location']],
    ['too far', sliceFlavor('f', { offer: { latencyMs: 21 } }), { maxLatencyMs: 20 }, ['latency']],
    ['no stated latency', sliceFlavor('f'), { maxLatencyMs: 1000 }, ['latency']],
    ['a latency that is none', sliceFlavor('f', { offer: { latencyMs: Number.NaN } }), { maxLatencyMs: 1000 }, ['latency']],
    ['too dear', sliceFlavor('f', { price: '1.01' }), limit('0.1'), ['price']],
    ['another currency', sliceFlavor('f', { price: '0.01' }), limit('1', 'USD'), ['currency']],
    ['another currency than the budget', sliceFlavor('f', { price: '0.01' }), { currency: 'USD' }, ['currency']],
    ['no price under a limit', sliceFlavor('f'), limit('1'), ['no-price']],
    ['no price under a budget', sliceFlavor('f'), { currency: 'EUR' }, ['no-price']],
    ['cpu that is no amount', without('cpu', 'many'), {}, ['malformed']],
    ['negative memory', without('memory', '-1Gi'), {}, ['malformed']],
    ['a price that is no amount', sliceFlavor('f', { price: 'cheap' }), limit('1'), ['malformed']],
    ['a negative price', sliceFlavor('f', { price: '-5' }), {}, ['malformed']],
    [
      'everything at once',
      sliceFlavor('f', {
        available: false,
        price: { amount: '1', currency: 'USD', period: 'hourly' },
        location: turin,
        offer: { latencyMs: 100, resources: { cpu: '10m', memory: '10Gi', pods: '100' } },
      }),
      { ...limit('1'), architecture: 'arm64', locations: ['France'], maxLatencyMs: 1 },
      ['unavailable', 'architecture', 'location', 'latency', 'too-small', 'currency'],
    ],
  ])('%s', (_, flavor, more, expected) => expect(codes(flavor, more)).toEqual(expected));

  it('says how much and where, for people', () => {
    const found = verdict(sliceFlavor('f', { price: '5', location: turin }), { ...limit('0.1'), locations: ['France', 'Spain'] });
    expect('refusals' in found ? found.refusals.map(({ detail }) => detail) : []).toEqual([
      'is in Turin, Italy, not in France or Spain',
      'costs 0.5 EUR/h for the part, and at most 0.1 is wanted',
    ]);
  });
});

describe('whatever a seller writes', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('1', '500m', '8Gi', '-1', '0', '1e30', '', '0.5', 'NaN'));
  const amounts = fc.record({ cpu: text, memory: text, pods: text, storage: text }, { requiredKeys: ['cpu', 'memory', 'pods'] });
  const hostile = fc
    .record({ resources: amounts, min: amounts, step: amounts, price: text, latency: fc.double(), currency: fc.string() })
    .map(({ resources, min, step, price, latency, currency }) =>
      sliceFlavor('f', {
        price: { amount: price, currency, period: 'hourly' },
        offer: { resources, partitionability: { min, step }, latencyMs: latency },
      }),
    );
  it('never throws, and a candidate is always what was asked for', () =>
    fc.assert(
      fc.property(hostile, fc.option(fc.constant(limit('0.5')), { nil: {} }), (flavor, more) => {
        const found = verdict(flavor, { resources: { cpu: '1m', memory: '1', pods: '1' }, ...more });
        if ('refusals' in found) return found.refusals.length > 0 && found.refusals.every(({ detail }) => detail.length > 0);
        const { part, hourly, latencyMs } = found.candidate;
        const { offer } = flavor;
        if (offer.kind !== 'k8slice') return false;
        const affordable = hourly !== undefined && (!('maxHourlyPrice' in more) || compareAmounts(hourly.amount, '0.5') <= 0);
        return (
          checkPart(offer, part) === undefined && fits(offer.resources, part) && affordable && (latencyMs === undefined || latencyMs >= 0)
        );
      }),
      { numRuns: 2000 },
    ));
});
