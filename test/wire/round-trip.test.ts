/** Whatever we can sell, another node reads back as we meant it; whatever anybody writes, reading it either works or fails cleanly. */
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { clusterId, contractId, flavorId, transactionId } from '../../src/domain/ids.ts';
import { agreementPayload } from '../../src/rear/agreement.ts';
import { readContract, writeContract } from '../../src/rear/contract.ts';
import { readFlavors, writeFlavor } from '../../src/rear/flavor.ts';
import { encode, firstJson, JsonFault } from '../../src/rear/json.ts';
import { countOf } from '../../src/rear/offer.ts';
import { readTransaction, reservation } from '../../src/rear/reservation.ts';
import { parseSliceSelector, writeSliceSelector } from '../../src/rear/selector.ts';
import { flavor, identity, label, price, quantity, resources, time, words } from './generated.ts';

/** Hundreds of generated cases on a busy machine. */
vi.setConfig({ testTimeout: 30_000 });

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
