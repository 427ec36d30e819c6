import { describe, expect, it, test } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import { type OfferDefaults, offerOf, priceByUnit } from '../../src/domain/stock-offer.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import { NOON, SELLER } from '../contracts/samples.ts';
import { sized, workerOf } from '../fakes/cluster-nodes.ts';

const DEFAULTS: OfferDefaults = {
  prices: { cpu: '0.02', memory: '0.005', currency: 'EUR', period: 'hourly' },
  location: { country: 'Italy', city: 'Turin' },
  latencyMs: 20,
  properties: { tier: 'silver' },
  partitionability: { min: sized(0), step: sized(0) },
};
const offer = (nodes: readonly ClusterNode[], change: Partial<OfferDefaults> = {}, cores = 8) =>
  offerOf({
    stock: { name: 'a', architecture: 'amd64', nodes, sellable: sized(cores) },
    total: sized(cores),
    id: flavorId('north.example-k8slice-1'),
    pool: 'node',
    defaults: { ...DEFAULTS, ...change },
    self: SELLER,
    now: NOON,
  });
const annotated = (annotations: Record<string, string>, name = 'a') => workerOf(name, { annotations });

test.each([
  [sized(8), { cpu: '0.02', memory: '0.005' }, '0.24'],
  [{ cpu: '100m', memory: '1Mi', pods: '3' }, { memory: '1', pods: '0.5' }, '1.500976562500'.replace(/0+$/, '')],
  [{ cpu: '1', memory: '1Gi', pods: '1', storage: '10Gi' }, { storage: '0.1' }, '1'],
  [sized(8), {}, '0'],
])('%j at %j a unit costs %s', (resources, units, amount) => {
  expect(priceByUnit(resources, { ...units, currency: 'EUR', period: 'daily' })).toEqual({ amount, currency: 'EUR', period: 'daily' });
});

describe('a flavor of the cluster', () => {
  it('says what is configured', () => {
    expect(offer([workerOf('a')]).flavor).toEqual({
      id: 'north.example-k8slice-1',
      providerId: SELLER.id,
      owner: { id: SELLER.id, address: SELLER.address, domain: SELLER.domain },
      available: true,
      createdAt: new Date(NOON).toISOString(),
      price: { amount: '0.24', currency: 'EUR', period: 'hourly' },
      location: { country: 'Italy', city: 'Turin' },
      offer: {
        kind: 'k8slice',
        architecture: 'amd64',
        resources: sized(8),
        latencyMs: 20,
        additionalProperties: { tier: 'silver', 'rearguard.dev/stock': 'node' },
        partitionability: DEFAULTS.partitionability,
      },
    });
  });

  it('is another offer where other things are promised', () => {
    const terms = { noticeMs: 60_000 };
    const promised = offer([workerOf('a')], { terms });
    expect(promised.flavor.terms).toEqual(terms);
    expect(promised.terms).not.toBe(offer([workerOf('a')]).terms);
  });

  it('says over it what its node says of itself', () => {
    const node = workerOf('a', {
      labels: { 'topology.kubernetes.io/region': 'eu', 'topology.kubernetes.io/zone': 'eu-1' },
      annotations: {
        'rearguard.dev/city': 'Milan',
        'rearguard.dev/latency-ms': '4.2',
        'rearguard.dev/price-cpu': '0.04',
        'rearguard.dev/security-standards': 'ISO 27001, TEE',
        'rearguard.dev/carbon-embodied': '12',
        'rearguard.dev/carbon-operational': '1,2.5',
        'rearguard.dev/property.tier': 'gold',
        'example.com/rack': '7',
      },
    });
    const { flavor } = offer([node]);
    expect(flavor).toMatchObject({
      price: { amount: '0.4' },
      location: { country: 'Italy', city: 'Milan' },
      offer: { latencyMs: 5, securityStandards: ['ISO 27001', 'TEE'], carbonFootprint: { embodied: 12, operational: [1, 3] } },
    });
    expect(flavor.offer.additionalProperties).toEqual({
      tier: 'gold',
      'topology.kubernetes.io/region': 'eu',
      'topology.kubernetes.io/zone': 'eu-1',
      'rearguard.dev/stock': 'node',
    });
  });

  it.each<[string, Record<string, string>]>([
    ['a latency that is none', { 'rearguard.dev/latency-ms': 'fast' }],
    ['a price that is none', { 'rearguard.dev/price-cpu': '-1' }],
    ['half a carbon footprint', { 'rearguard.dev/carbon-embodied': '1' }],
    ['words without end', { 'rearguard.dev/city': 'x'.repeat(501) }],
  ])('takes what is configured for %s', (_, annotations) => {
    expect(offer([annotated(annotations)])).toEqual(offer([workerOf('a')]));
  });

  it('says of a pool what all its nodes say alike', () => {
    const [one, other] = [
      { 'rearguard.dev/city': 'Milan', 'rearguard.dev/latency-ms': '3' },
      { 'rearguard.dev/city': 'Rome', 'rearguard.dev/latency-ms': '3' },
    ];
    expect(offer([annotated(one), annotated(other, 'b')]).flavor).toMatchObject({ location: { city: 'Turin' }, offer: { latencyMs: 3 } });
  });

  it('has the same terms when only its amounts differ, and others when anything else does', () => {
    const { terms } = offer([workerOf('a')]);
    expect(offer([workerOf('a', { own: sized(3) })], {}, 5).terms).toBe(terms);
    const same = { ...DEFAULTS.prices, cpu: '0.020', currency: 'EUR', period: 'hourly' } as const;
    expect(offer([workerOf('a')], { prices: same }).terms).toBe(terms);
    const { prices: _, ...free } = DEFAULTS;
    const others = [
      offer([workerOf('a')], { prices: { ...same, cpu: '0.03' } }),
      offer([workerOf('a')], { latencyMs: 21 }),
      offer([annotated({ 'rearguard.dev/city': 'Milan' })]),
      offer([workerOf('a')], { partitionability: { min: sized(1), step: sized(0) } }),
      offerOf({
        stock: { name: 'a', architecture: 'amd64', nodes: [workerOf('a')], sellable: sized(8) },
        total: sized(8),
        id: flavorId('north.example-k8slice-1'),
        pool: 'node',
        defaults: free,
        self: SELLER,
        now: NOON,
      }),
    ].map((each) => each.terms);
    expect(new Set([terms, ...others]).size).toBe(others.length + 1);
  });
});
