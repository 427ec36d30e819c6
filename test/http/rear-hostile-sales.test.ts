/** What a seller can answer to RESERVE and PURCHASE: what is no answer is a lie, a refusal is told as what it is. */
import { describe, expect, test, vi } from 'vitest';
import { isFault } from '../../src/domain/faults.ts';
import { codeOf } from '../contracts/peer-harness.ts';
import { buyer, purchase, reserve, says, seller } from './hostile-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

describe('RESERVE and PURCHASE', () => {
  const dialects = ['rearguard', 'fluidos'] as const;
  test.each([
    ['{}', 'PEER_LIED'],
    ['null', 'PEER_LIED'],
    ['{"transactionID":""}', 'PEER_LIED'],
    ['{"transactionID":"../../x"}', 'PEER_LIED'],
    ['{"transactionID":7}', 'PEER_LIED'],
    ['[]', 'PEER_LIED'],
  ])('a transaction %s is %s', async (text, code) => {
    for (const dialect of dialects) expect(await codeOf(reserve(await seller(says(200, text), dialect)))).toBe(code);
  });

  test.each([
    [500, 'Error getting the Flavor by ID\n', 'FLAVOR_GONE'],
    [400, 'Configuration type not supported\n', 'CONFIGURATION_INVALID'],
    [500, 'Error casting the flavor data to ServiceFlavor\n', 'PEER_REFUSED'],
    [400, 'Error: LiqoID not provided\n', 'PEER_REFUSED'],
    [503, '', 'PEER_UNREACHABLE'],
    [404, '', 'FLAVOR_GONE'],
    [409, '', 'NOT_ENOUGH'],
    [403, '', 'BUYER_REFUSED'],
    [429, '', 'TOO_MANY_HOLDS'],
  ])('a FLUIDOS seller that answers RESERVE with %d %j: %s', async (status, text, code) => {
    expect(await codeOf(reserve(await seller(says(status, text), 'fluidos')))).toBe(code);
  });

  test.each([
    [500, 'Error getting the Transaction\n', 'HOLD_EXPIRED'],
    [408, 'Error: transaction Timeout\n', 'HOLD_EXPIRED'],
    [500, 'Error creating the Contract: contracts "x" already exists\n', 'PEER_REFUSED'],
    [400, 'Error: Liqo credentials not provided\n', 'PEER_REFUSED'],
  ])('a FLUIDOS seller that answers PURCHASE with %d %j: %s, and the transaction is burnt', async (status, text, code) => {
    const error = await purchase(await seller(says(status, text), 'fluidos')).catch((reason: unknown) => reason);
    expect(isFault(error) ? { code: error.code, burnt: error.facts['burnt'] } : error).toEqual({ code, burnt: true });
  });

  test('a seller, or what stands before it, that has too many requests may be asked again: nothing is burnt', async () => {
    for (const dialect of dialects) {
      const error = await purchase(await seller(says(429, '', { 'retry-after': '7' }), dialect)).catch((reason: unknown) => reason);
      const { burnt, retryAfterSeconds } = isFault(error) ? error.facts : {};
      expect([isFault(error) && error.code, burnt, retryAfterSeconds]).toEqual(['TOO_MANY_REQUESTS', undefined, 7]);
    }
  });

  test('a problem document tells the fault itself, unless it is nobody’s', async () => {
    const problem = (code: string) => says(409, JSON.stringify({ code, detail: 'why' }), { 'content-type': 'application/problem+json' });
    expect(await codeOf(reserve(await seller(problem('NOT_ENOUGH'))))).toBe('NOT_ENOUGH');
    expect(await codeOf(reserve(await seller(problem('STORE_UNAVAILABLE'))))).toBe('PEER_UNREACHABLE');
    expect(await codeOf(reserve(await seller(problem('TOO_MANY_REQUESTS'))))).toBe('TOO_MANY_REQUESTS');
    expect(await codeOf(reserve(await seller(problem('KEYS_UNAVAILABLE'))))).toBe('PEER_UNREACHABLE');
    expect(await codeOf(reserve(await seller(problem('INTENT_INVALID'))))).toBe('PEER_REFUSED');
    expect(await codeOf(reserve(await seller(problem('constructor'))))).toBe('NOT_ENOUGH');
  });

  test('only a problem document counts as the seller’s own word for it', async () => {
    const named = async (...answer: Parameters<typeof says>) => {
      const error = await purchase(await seller(says(...answer))).catch((reason: unknown) => reason);
      return isFault(error) ? [error.code, error.facts['named']] : error;
    };
    const problem = (code: string) => JSON.stringify({ code, detail: 'why' });
    const type = { 'content-type': 'application/problem+json' };
    expect(await named(408, problem('HOLD_EXPIRED'), type)).toEqual(['HOLD_EXPIRED', true]);
    expect(await named(408, problem('constructor'), type)).toEqual(['HOLD_EXPIRED', undefined]);
    expect(await named(408, problem('HOLD_EXPIRED'), { 'content-type': 'application/json' })).toEqual(['HOLD_EXPIRED', undefined]);
    expect(await named(404, 'not found')).toEqual(['HOLD_EXPIRED', undefined]);
  });

  test('its words are shown on one line, short, without control characters', async () => {
    const error = await reserve(await seller(says(400, `no\u0007\n\u001b[31m ${'x'.repeat(5_000)}`))).catch((reason: unknown) => reason);
    expect(isFault(error) ? error.message : '').toMatch(/^no \[31m x{200,292}$/);
  });

  test('a contract of another transaction, buyer or cluster is a lie', async () => {
    const base = {
      contractID: 'c-1',
      transactionID: '5f-1',
      flavor: { flavorID: 'a', type: { name: 'k8slice', data: {} }, owner: { IP: 'a:1' } },
      buyerID: { ID: buyer.id },
      buyerClusterID: buyer.clusterId,
      seller: { ID: 'n', additionalInformation: { liqoID: 'north-1' } },
      peeringTargetCredentials: { clusterID: 'north-1', kubeconfig: 'YQ==' },
      expirationTime: '2027-03-04T05:10:00Z',
    };
    const answered = async (change: object) => await codeOf(purchase(await seller(says(200, JSON.stringify({ ...base, ...change })))));
    expect(await answered({})).toBe('answered');
    expect(await answered({ transactionID: '5f-2' })).toBe('PEER_LIED');
    expect(await answered({ buyerID: { ID: 'x' } })).toBe('PEER_LIED');
    expect(await answered({ buyerClusterID: 'x' })).toBe('PEER_LIED');
    expect(await answered({ peeringTargetCredentials: { clusterID: 'north-2', kubeconfig: 'YQ==' } })).toBe('PEER_LIED');
    expect(await answered({ peeringTargetCredentials: { clusterID: 'north-1', kubeconfig: '' } })).toBe('PEER_LIED');
  });
});
