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
    ['a price of nothing where none was named', price({ amount: '0.00' }), { flavor: free }],
  ])('%s', (_what, got, change) => {
    expect(contractDifferences({ ...asked, ...change }, got, NOW)).toEqual([]);
  });
});

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

  test('is told the prices to the last digit', () => {
    const differing = (got: ContractTerms, change: object = {}) => contractDifferences({ ...asked, ...change }, got, NOW);
    expect(differing(price({ amount: '0.200000000001' }))).toEqual(['price: asked 0.2 EUR/h, got 0.200000000001 EUR/h']);
    expect(differing(price({ period: 'daily' }))).toEqual(['price: asked 0.2 EUR/h, got 0.2 EUR/day']);
    expect(differing(unpriced)).toEqual(['price: asked 0.2 EUR/h, got none']);
  });
});
