import { describe, expect, test } from 'vitest';
import { type AskedContract, checkContract, contractDifferences } from '../../src/domain/contract-check.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { clusterId, contractId, flavorId, nodeId, transactionId } from '../../src/domain/ids.ts';
import { NOTHING } from '../../src/domain/resources.ts';
import { blueprintOf, identityOf, sliceOf } from '../fakes/samples.ts';
import type { OfferTerms } from '../../src/domain/offer-terms.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const [seller, buyer] = [identityOf('north'), identityOf('south')];
const flavor = sliceOf(seller);
const part = { cpu: '2', memory: '4Gi', pods: '20' };
const asked: AskedContract = {
  transaction: transactionId('5f-1'),
  flavor,
  part,
  buyer,
  dialect: 'rearguard',
  lifetimeMs: { min: 60_000, max: 400 * 86_400_000 },
  skewMs: 60_000,
};
const terms: ContractTerms = {
  id: contractId('contract-5f'),
  transaction: asked.transaction,
  flavor,
  buyer,
  buyerCluster: clusterId('south-1'),
  seller,
  sellerCluster: clusterId('north-1'),
  resources: { cpu: '2000m', memory: '4096Mi', pods: '20' },
  price: { amount: '0.2', currency: 'EUR', period: 'hourly' },
  startsAt: '2026-11-27T12:00:00Z',
  expiresAt: '2027-11-27T12:00:00Z',
};
const { price: _price, ...unpriced } = terms;
const { price: _flavorPrice, ...free } = flavor;
const promising = (promised: OfferTerms): ContractTerms => ({ ...terms, flavor: { ...flavor, terms: promised } });
const price = (change: object) => ({ ...terms, price: { amount: '0.2', currency: 'EUR', period: 'hourly' as const, ...change } });

const database = blueprintOf(seller);
const service = { hostingPolicy: 'Provider' as const, configuration: { database: 'orders', username: 'u', password: 'hunter-two' } };
const askedService: Partial<AskedContract> = { flavor: database, part: NOTHING, service };
const { password: _password, ...configuration } = service.configuration;
const served: ContractTerms = {
  ...terms,
  flavor: database,
  resources: NOTHING,
  service: { ...service, configuration },
  price: { amount: '0.05', currency: 'EUR', period: 'hourly' },
};
const serving = (change: object): ContractTerms => ({ ...served, service: { hostingPolicy: 'Provider', configuration, ...change } });
const { service: _service, ...unserved } = served;

// Two GPUs of 40Gi each, and all that a seller may say of a slice.
const told = sliceOf(seller, {
  offer: {
    ...flavor.offer,
    resources: { ...flavor.offer.resources, gpu: '2' },
    gpu: { model: 'A100', cores: '2', memory: '80Gi' },
    latencyMs: 5,
    securityStandards: ['ISO 27001'],
    carbonFootprint: { embodied: 40, operational: [1, 2] },
    networkAuthorizations: { deniedCommunications: [], mandatoryCommunications: [] },
    additionalProperties: { 'rearguard.dev/gpu-resource': 'nvidia.com/gpu', rack: { row: 1, place: 'b' } },
  },
  location: { country: 'Norway', city: 'Oslo', latitude: '59.9', longitude: '10.7', additionalNotes: 'hall 2' },
});
const [onGpu, gpuPart] = [
  { flavor: told, part: { ...part, gpu: '1' } },
  { ...part, gpu: '1' },
];
/** A contract whose flavor says something else of its slice than the list did. */
const saying = (change: Partial<typeof told.offer>, location: object = {}): ContractTerms => ({
  ...terms,
  resources: gpuPart,
  flavor: { ...told, offer: { ...told.offer, ...change }, location: { ...told.location, ...location } },
});

describe('what may be signed', () => {
  test.each<[string, ContractTerms, Partial<AskedContract>]>([
    ['what was asked', terms, {}],
    ['less money', price({ amount: '0.1' }), {}],
    ['a living descendant of the flavor, on the same terms', { ...terms, flavor: { ...flavor, id: flavorId('descendant') } }, {}],
    ['a FLUIDOS seller that announces another address', { ...terms, seller: { ...seller, address: 'inside:1' } }, { dialect: 'fluidos' }],
    ['an instance, without the secrets that it was configured with', served, askedService],
    ['a FLUIDOS seller, which takes no policy', serving({ hostingPolicy: 'Shared' }), { ...askedService, dialect: 'fluidos' }],
    ['the same configuration in another order', serving({ configuration: { username: 'u', database: 'orders' } }), askedService],
    ['one that begins within the minute that clocks may be off', { ...terms, startsAt: '2026-11-27T12:01:00Z' }, {}],
    [
      'one as long as may be, of a seller whose clock is a minute ahead',
      { ...terms, expiresAt: '2027-11-27T12:01:00Z' },
      { lifetimeMs: { min: 60_000, max: 365 * 86_400_000 } },
    ],
    ['no price where none was named', unpriced, { flavor: free }],
    ['what was promised with the flavor', promising({ noticeMs: 60_000 }), { flavor: promising({ noticeMs: 60_000 }).flavor }],
    ['nothing promised, by a FLUIDOS seller', terms, { dialect: 'fluidos', flavor: promising({ noticeMs: 60_000 }).flavor }],
    [
      'a slice of which all is said as it was, its properties in another order',
      saying({ additionalProperties: { rack: { place: 'b', row: 1 }, 'rearguard.dev/gpu-resource': 'nvidia.com/gpu' } }),
      onGpu,
    ],
    [
      'a descendant with fewer GPUs of the same memory, amounts and minimum, since others bought',
      saying({
        gpu: { model: 'A100', cores: '1', memory: '40Gi' },
        resources: { ...gpuPart, cpu: '3' },
        partitionability: { min: part, step: part },
      }),
      onGpu,
    ],
    [
      'a descendant without GPUs, when none was asked for',
      { ...saying({ gpu: { model: 'A100', cores: '0', memory: '0' } }), resources: part },
      { flavor: told, part },
    ],
    [
      'whatever a FLUIDOS seller says of latency, standards and place besides',
      saying({ latencyMs: 500, securityStandards: [], additionalProperties: {} }, { latitude: '1', additionalNotes: '' }),
      { ...onGpu, dialect: 'fluidos' },
    ],
    ['a price of nothing where none was named', price({ amount: '0.00' }), { flavor: free }],
  ])('%s', (_what, got, change) => {
    expect(contractDifferences({ ...asked, ...change }, got, NOW)).toEqual([]);
  });
});

const END = { isHotCluster: true, cidr: '10.0.0.0/8' };
const BLOCKED = { name: 'all', source: END, destination: END, destinationPort: '*', protocolType: 'TCP' };

describe('bait and switch', () => {
  const { offer } = flavor;
  test.each<[string, ContractTerms, Partial<AskedContract>]>([
    ['transaction', { ...terms, transaction: transactionId('5f-2') }, {}],
    ['buyer', { ...terms, buyer: { ...buyer, id: nodeId('x') } }, {}],
    ['buyer cluster', { ...terms, buyerCluster: clusterId('x') }, {}],
    ['seller', { ...terms, seller: { ...seller, id: nodeId('x') } }, {}],
    ['seller address', { ...terms, seller: { ...seller, address: 'mallory.example:3004' } }, {}],
    ['buyer address', { ...terms, buyer: { ...buyer, address: 'mallory.example:3004' } }, {}],
    ['seller cluster', { ...terms, sellerCluster: clusterId('') }, {}],
    ['seller cluster', { ...terms, sellerCluster: terms.buyerCluster }, {}],
    ['flavor', { ...terms, flavor: { ...flavor, id: flavorId('other') } }, { dialect: 'fluidos' }],
    ['architecture', { ...terms, flavor: { ...flavor, offer: { ...offer, architecture: 'arm64' } } }, {}],
    ['owner', { ...terms, flavor: { ...flavor, owner: { ...flavor.owner, id: nodeId('x') } } }, {}],
    ['country', { ...terms, flavor: { ...flavor, location: { country: 'Elsewhere', city: 'Oslo' } } }, {}],
    ['latency', saying({ latencyMs: 500 }), onGpu],
    ['security standards', saying({ securityStandards: [] }), onGpu],
    ['carbon footprint', saying({ carbonFootprint: { embodied: 41, operational: [1, 2] } }), onGpu],
    ['network authorizations', saying({ networkAuthorizations: { deniedCommunications: [BLOCKED], mandatoryCommunications: [] } }), onGpu],
    ['gpu memory', saying({ gpu: { model: 'A100', cores: '2', memory: '2Gi' } }), onGpu],
    ['gpu memory', saying({ gpu: { model: 'A100', cores: '0', memory: '0' } }), onGpu],
    ['gpu resource', saying({ additionalProperties: { 'rearguard.dev/gpu-resource': 'example.com/toy' } }), onGpu],
    ['property rack', saying({ additionalProperties: { ...told.offer.additionalProperties, rack: { row: 2 } } }), onGpu],
    ['property extra', saying({ additionalProperties: { ...told.offer.additionalProperties, extra: 'x' } }), onGpu],
    ['latitude', saying({}, { latitude: '1' }), onGpu],
    ['longitude', saying({}, { longitude: '1' }), onGpu],
    ['additionalNotes', saying({}, { additionalNotes: 'hall 3' }), onGpu],
    ['tags', { ...served, flavor: { ...database, offer: { ...database.offer, tags: ['sql', 'fast'] } } }, askedService],
    ['resources', { ...terms, resources: { ...part, cpu: '1' } }, {}],
    ['resources', { ...terms, resources: { ...part, cpu: '3' } }, {}],
    ['resources', { ...terms, resources: { ...part, storage: '1Gi' } }, {}],
    ['offer', { ...terms, flavor: database }, {}],
    ['name', { ...served, flavor: { ...database, offer: { ...database.offer, name: 'x' } } }, askedService],
    ['category', { ...served, flavor: { ...database, offer: { ...database.offer, category: 'x' } } }, askedService],
    ['hosting policy', serving({ hostingPolicy: 'Consumer' }), askedService],
    ['configuration', serving({ configuration: { ...configuration, database: 'other' } }), askedService],
    ['configuration', serving({ configuration: { username: 'u' } }), askedService],
    ['service', unserved, askedService],
    ['service', { ...terms, service: { hostingPolicy: 'Provider', configuration } }, {}],
    ['resources', { ...served, resources: part }, askedService],
    ['price', { ...served, price: { amount: '0.06', currency: 'EUR', period: 'hourly' } }, askedService],
    ['price', price({ amount: '0.200000000001' }), {}],
    ['price', price({ currency: 'USD' }), {}],
    ['price', price({ period: 'daily' }), {}],
    ['price', price({ amount: '-1' }), {}],
    ['price', unpriced, {}],
    ['price', terms, { flavor: free }],
    ['renewal', terms, { flavor: promising({ renewal: { kind: 'automatic', forMs: 60_000 } }).flavor }],
    [
      'renewal',
      promising({ renewal: { kind: 'on-request', forMs: 60_000 } }),
      { flavor: promising({ renewal: { kind: 'automatic', forMs: 60_000 } }).flavor },
    ],
    ['notice', promising({ noticeMs: 1_000 }), { flavor: promising({ noticeMs: 60_000 }).flavor }],
    [
      'sla',
      promising({ sla: { availabilityPercent: 99, creditPercent: 5 } }),
      { flavor: promising({ sla: { availabilityPercent: 99.9, creditPercent: 5 } }).flavor },
    ],
    ['telemetry', promising({ telemetry: { metrics: ['cpu'], intervalMs: 1_000 } }), {}],
    ['expiry', { ...terms, expiresAt: '2026-11-27T12:00:30Z' }, {}],
    ['expiry', { ...terms, expiresAt: '2026-11-26T12:00:00Z' }, {}],
    ['expiry', { ...terms, expiresAt: '9999-01-01T00:00:00Z' }, {}],
    ['expiry', { ...terms, expiresAt: 'soon' }, {}],
    ['start', { ...terms, startsAt: '2026-11-27T12:01:01Z' }, {}],
  ])('another %s', (what, got, change) => {
    const differences = contractDifferences({ ...asked, ...change }, got, NOW);
    expect(differences.some((line) => line.startsWith(`${what}: `))).toBe(true);
    expect(() => checkContract({ ...asked, ...change }, got, NOW)).toThrowError(expect.objectContaining({ code: 'PEER_LIED' }));
  });

  test('is told in so many lines, and words, as a history can keep', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`p${at}`, 'x'.repeat(10_000)]));
    const lines = contractDifferences({ ...asked, ...onGpu }, saying({ additionalProperties: many }), NOW);
    expect([lines.length, Math.max(...lines.map(({ length }) => length)) < 400]).toEqual([20, true]);
  });

  test('is told the prices to the last digit', () => {
    const differing = (got: ContractTerms, change: object = {}) => contractDifferences({ ...asked, ...change }, got, NOW);
    expect(differing(price({ amount: '0.200000000001' }))).toEqual(['price: asked 0.2 EUR/h, got 0.200000000001 EUR/h']);
    expect(differing(price({ period: 'daily' }))).toEqual(['price: asked 0.2 EUR/h, got 0.2 EUR/day']);
    expect(differing(unpriced)).toEqual(['price: asked 0.2 EUR/h, got none']);
  });
});
