/** Whatever we can sell, another node reads back as we meant it; whatever anybody writes, reading it either works or fails cleanly. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { ContractTerms } from '../../src/domain/contract.ts';
import type { Flavor, K8Slice, NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId, contractId, flavorId, nodeId, transactionId } from '../../src/domain/ids.ts';
import { PERIODS } from '../../src/domain/money.ts';
import { type OfferTerms, RENEWALS } from '../../src/domain/offer-terms.ts';
import { canonical, formatQuantity } from '../../src/domain/quantity.ts';
import { agreementPayload } from '../../src/rear/agreement.ts';
import { readContract, writeContract } from '../../src/rear/contract.ts';
import { readFlavors, writeFlavor } from '../../src/rear/flavor.ts';
import { encode, firstJson, JsonFault } from '../../src/rear/json.ts';
import { countOf } from '../../src/rear/offer.ts';
import { readTransaction, reservation } from '../../src/rear/reservation.ts';
import { parseSliceSelector, writeSliceSelector } from '../../src/rear/selector.ts';

/** Hundreds of generated cases on a busy machine. */
vi.setConfig({ testTimeout: 30_000 });

/** As a stranger would write it canonically: without a suffix nobody knows the family any more. */
const quantity = (binary: boolean) =>
  fc
    .bigInt({ min: 0n, max: 10n ** 24n })
    .map((value) => canonical(formatQuantity(binary ? value - (value % 10n ** 9n) : value, binary ? 'binary' : 'decimal')));
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const words = fc.string({ maxLength: 30, unit: 'grapheme' });
const text = words.filter((value) => value !== '');
const resources = fc.record(
  { cpu: quantity(false), memory: quantity(true), pods: quantity(false), storage: quantity(true) },
  { requiredKeys: ['cpu', 'memory', 'pods'] },
);
const amounts = fc.record({ cpu: quantity(false), memory: quantity(true), pods: quantity(false) });
const identity: fc.Arbitrary<NodeIdentity> = fc
  .record({ id: label, host: label, port: fc.nat(65_535), domain: label, cluster: fc.option(label, { nil: undefined }) })
  .map(({ id, host, port, domain, cluster }) => ({
    id: nodeId(id),
    address: `${host}:${port}`,
    domain,
    ...(cluster === undefined ? {} : { clusterId: clusterId(cluster) }),
  }));
const labels = fc.dictionary(text, words, { maxKeys: 3, noNullPrototype: true });
const end = fc.oneof(
  fc.record({ isHotCluster: fc.boolean(), cidr: text }),
  fc.record({ isHotCluster: fc.boolean(), labels: fc.record({ pod: labels, namespace: labels }) }),
);
const intents = fc.array(fc.record({ name: words, source: end, destination: end, destinationPort: words, protocolType: words }), {
  maxLength: 2,
});
const slice: fc.Arbitrary<K8Slice> = fc
  .record(
    {
      architecture: words,
      resources,
      gpu: fc.record({ model: words, cores: quantity(false), memory: quantity(true) }),
      latencyMs: fc.integer({ min: 1, max: 60_000 }),
      securityStandards: fc.array(words, { minLength: 1, maxLength: 3 }),
      carbonFootprint: fc.record({ embodied: fc.nat(), operational: fc.array(fc.nat(), { maxLength: 3 }) }),
      networkAuthorizations: fc.record({ deniedCommunications: intents, mandatoryCommunications: intents }),
      additionalProperties: fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      partitionability: fc.record({ min: amounts, step: amounts }),
    },
    { requiredKeys: ['architecture', 'resources', 'partitionability'] },
  )
  // How many GPUs there are stands in both.
  .map(({ resources, ...each }) => ({ kind: 'k8slice' as const, ...each, resources: { ...resources, ...countOf(each.gpu) } }));
const amount = fc.tuple(fc.nat(1_000_000), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`);
const price = fc.record({ amount, currency: fc.constantFrom('EUR', 'USD'), period: fc.constantFrom(...PERIODS) });
const time = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().replace(/\.\d+/, ''));
const duration = fc.integer({ min: 1, max: 1_000_000 }).map((seconds) => seconds * 1_000);
const offerTerms: fc.Arbitrary<OfferTerms> = fc.record(
  {
    renewal: fc.record({ kind: fc.constantFrom(...RENEWALS), forMs: duration }),
    noticeMs: duration,
    sla: fc.record(
      {
        availabilityPercent: fc.integer({ min: 0, max: 100_000 }).map((n) => n / 1_000),
        latencyMs: fc.integer({ min: 1, max: 60_000 }),
        creditPercent: fc.nat(100),
      },
      { requiredKeys: ['creditPercent'] },
    ),
    telemetry: fc.record({ metrics: fc.array(fc.stringMatching(/^[a-z_]{1,30}$/), { minLength: 1, maxLength: 3 }), intervalMs: duration }),
  },
  { requiredKeys: [] },
);
const flavor: fc.Arbitrary<Flavor> = fc
  .record(
    {
      id: label,
      offer: slice,
      price,
      networkPropertyType: text,
      location: fc.record({ country: text, city: text, latitude: text }),
      terms: offerTerms,
      owner: identity,
      available: fc.boolean(),
      createdAt: time,
    },
    { requiredKeys: ['id', 'offer', 'owner', 'available', 'createdAt'] },
  )
  .map((each) => ({ ...each, id: flavorId(each.id), providerId: each.owner.id }));

/** What went over the wire: JSON, with nothing of `undefined` left. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('written and read back', () => {
  test('flavors', () => {
    fc.assert(
      fc.property(fc.array(flavor, { maxLength: 3 }), (flavors) => {
        const wire = encode(flavors.map(writeFlavor));
        expect(wire).not.toMatch(/[<>&\u2028\u2029]|\n$/);
        expect(plain(readFlavors(firstJson(wire)))).toEqual(plain({ flavors, unreadable: [] }));
      }),
      { numRuns: 60 },
    );
  });

  test('a list read back and written again is the same to the byte', () => {
    fc.assert(
      fc.property(flavor, (each) => {
        const wire = encode([writeFlavor(each)]);
        expect(encode(readFlavors(firstJson(wire)).flavors.map(writeFlavor))).toBe(wire);
      }),
      { numRuns: 60 },
    );
  });

  test('contracts', () => {
    const terms: fc.Arbitrary<ContractTerms> = fc
      .record({
        flavor,
        buyer: identity,
        seller: identity,
        clusters: fc.tuple(label, label),
        resources,
        price,
        startsAt: time,
        expiresAt: time,
      })
      .map(({ clusters: [buyerCluster, sellerCluster], buyer, seller, ...rest }) => ({
        id: contractId('contract-1'),
        transaction: transactionId('5f-1'),
        ...rest,
        resources: { ...rest.resources, ...(rest.flavor.offer.kind === 'k8slice' && countOf(rest.flavor.offer.gpu)) },
        buyer: { ...buyer, clusterId: clusterId(buyerCluster) },
        buyerCluster: clusterId(buyerCluster),
        seller: { ...seller, clusterId: clusterId(sellerCluster) },
        sellerCluster: clusterId(sellerCluster),
      }));
    fc.assert(
      fc.property(terms, fc.base64String({ minLength: 4 }), (terms, kubeconfig) => {
        const credentials = { clusterId: terms.sellerCluster, kubeconfig };
        const wire = encode(writeContract(terms, credentials));
        const read = readContract(firstJson(wire), { receivedAt: '2000-01-01T00:00:00Z' });
        expect(plain(read)).toEqual(plain({ terms, credentials }));
        // What the seller signs is what the buyer finds in it.
        expect(agreementPayload(read.terms)).toBe(agreementPayload(terms));
      }),
      { numRuns: 40 },
    );
  });

  test('selectors', () => {
    const bounds = fc.oneof(
      fc.record({ match: quantity(false) }),
      fc.record({ min: quantity(true), max: quantity(true) }, { requiredKeys: ['min'] }),
    );
    const selector = fc.record({ architecture: words, cpu: bounds, memory: bounds, pods: bounds, storage: bounds }, { requiredKeys: [] });
    fc.assert(
      fc.property(selector, (each) => {
        expect(parseSliceSelector(writeSliceSelector(each))).toEqual(plain(each));
      }),
    );
  });
});

describe('anything at all', () => {
  const keys = fc.constantFrom(
    'flavorID',
    'type',
    'name',
    'data',
    'owner',
    'IP',
    'price',
    'amount',
    'charateristics',
    'cpu',
    'k8slice',
    '__proto__',
    'properties',
    'latency',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.jsonValue({ maxDepth: 1 }),
      keys,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));

  test('a list is read row by row, never thrown at us', () => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (rows) => {
        const { flavors, unreadable } = readFlavors(rows);
        expect(flavors.length + unreadable.length).toBe(rows.length);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['reservation', (value: unknown) => reservation.parse(value)],
    ['transaction', (value: unknown) => readTransaction(value, { flavor: flavorId('a') })],
    ['contract', (value: unknown) => readContract(value, { receivedAt: '2000-01-01T00:00:00Z' })],
  ])('a %s is read or refused with what is wrong', (_what, read) => {
    fc.assert(
      fc.property(tree, (value) => {
        try {
          read(value);
        } catch (error) {
          expect(error).toBeInstanceOf(z.ZodError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a body is JSON or refused in words', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.tuple(fc.json(), fc.string()).map(([a, b]) => a + b),
        ),
        (body) => {
          try {
            firstJson(body);
          } catch (error) {
            expect(error).toBeInstanceOf(JsonFault);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('what follows the first object or list is ignored', () => {
    fc.assert(
      fc.property(fc.oneof(fc.object(), fc.array(fc.string())), fc.string(), (value, rest) => {
        expect(firstJson(JSON.stringify(value) + rest)).toEqual(plain(value));
      }),
    );
  });
});
