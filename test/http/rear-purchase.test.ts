/** PURCHASE_FLAVOR at the seller: our notes' table 4.2, row by row, and what we do where we must differ. */
import { describe, expect, test, vi } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { contractOf, flavorId, transactionId } from '../../src/domain/ids.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { sliceOf } from '../fakes/samples.ts';
import { PROBLEM, body, clock, node, purchase, reserved } from './trade-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

describe('PURCHASE', () => {
  test.each([
    ['1 empty', '', 400, 'EOF\n'],
    ['1 not JSON', 'x', 400, expect.stringContaining('invalid character')],
    ['2 unknown', '{}', 500, 'Error getting the Transaction\n'],
    ['2 null is a legal body', 'null', 500, 'Error getting the Transaction\n'],
  ])('row %s', async (_row, text, status, words) => {
    const answer = await purchase('5f0c1d2e3b4a59687766554433221100-1', text);
    expect({ status: answer.status, text: answer.text }).toEqual({ status, text: words });
  });

  test('row 2: a transaction that is no name', async () => {
    expect((await purchase('%2e%2e%2fadmin')).status).toBe(500);
    expect((await purchase('x'.repeat(3000))).status).toBe(500);
  });

  test('row 3: expired is 408, and 409 as a problem', async () => {
    const id = await reserved();
    clock.advance(301_000);
    expect(await purchase(id)).toMatchObject({ status: 408, text: 'Error: transaction Timeout\n' });
    const { status, text } = await purchase(id, '{}', PROBLEM);
    expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({ status: 409, code: 'HOLD_EXPIRED' });
  });

  test('success, and row 4: a repeat gives the same contract with fresh credentials', async () => {
    const id = await reserved();
    const first = await purchase(id);
    const contract = JSON.parse(first.text) as Record<string, unknown>;
    expect(first.status).toBe(200);
    expect(Object.keys(contract)).toEqual([
      'contractID',
      'transactionID',
      'flavor',
      'buyerID',
      'buyerClusterID',
      'seller',
      'peeringTargetCredentials',
      'expirationTime',
      'extraInformation',
      'configuration',
    ]);
    expect(Object.values(contract['extraInformation'] as object).every((each) => typeof each === 'string')).toBe(true);
    clock.advance(3_600_000);
    const again = JSON.parse((await purchase(id, 'null')).text) as Record<string, unknown>;
    expect({ ...again, peeringTargetCredentials: undefined }).toEqual({ ...contract, peeringTargetCredentials: undefined });
    expect(again['peeringTargetCredentials']).not.toEqual(contract['peeringTargetCredentials']);
    expect(node.memory.living()).toHaveLength(1);
  });

  test('row 8: no credentials is 500, and the sale stands', async () => {
    const id = await reserved();
    node.hands.issue = () => Promise.reject(new Fault('CLUSTER_UNREACHABLE', 'api server with secrets in its words'));
    const failed = await purchase(id);
    expect({ status: failed.status, text: failed.text }).toEqual({ status: 500, text: 'Error getting Liqo Credentials\n' });
    node.hands.issue = async () => {};
    expect((await purchase(id)).status).toBe(200);
  });

  test('a released reservation, and a contract that is over, are 500 as unknown ones are', async () => {
    const id = await reserved();
    await node.memory.inventory.abandon(transactionId(id));
    expect(await purchase(id)).toMatchObject({ status: 500, text: 'Error getting the Transaction\n' });
    const sold = await reserved({ 'idempotency-key': 'a' });
    expect((await purchase(sold)).status).toBe(200);
    await node.memory.inventory.giveBack({ contract: contractOf(transactionId(sold)), ending: { reason: 'drained' } });
    expect(await purchase(sold)).toMatchObject({ status: 500, text: 'Error getting the Transaction\n' });
    expect((await purchase(sold, '{}', PROBLEM)).text).toMatch(/CONTRACT_OVER.*drained/);
  });

  test('processes that are away: not sold, said so, and never sold later', async () => {
    const id = await reserved();
    node.hands.purchase = () => Promise.reject(new Fault('PROCESSES_UNAVAILABLE', 'down'));
    const { status, text } = await purchase(id, '{}');
    expect({ status, text }).toEqual({ status: 503, text: 'Error: not sold and never will be: reserve again\n' });
    node.hands.purchase = node.sell;
    expect(await purchase(id, '{}', PROBLEM)).toMatchObject({ status: 409, text: expect.stringContaining('HOLD_RELEASED') });
    expect({ holds: node.memory.holds().length, contracts: node.memory.living().length }).toEqual({ holds: 0, contracts: 0 });
  });

  test('sold and not signed yet, since its tenant is slow or its answer was lost: no contract, but one for whoever asks again once it is', async () => {
    const id = await reserved();
    node.hands.purchase = async (transaction) => {
      await node.sell(transaction);
      throw new Fault('PROCESSES_UNAVAILABLE', 'no answer in time');
    };
    expect(await purchase(id)).toMatchObject({ status: 503, text: 'Error: sold, but not signed yet: ask again\n' });
    for (const { status, headers, text } of [await purchase(id, '{}', PROBLEM), await purchase(id, '{}', PROBLEM)]) {
      const { code } = JSON.parse(text) as { code: string };
      expect({ status, code, later: headers['retry-after'] }).toEqual({ status: 503, code: 'PROCESSES_UNAVAILABLE', later: '1' });
    }
    expect(node.issued()).toBe(0);
    node.hands.purchase = node.sell;
    expect((await purchase(id)).status).toBe(200);
    expect(node.memory.living()).toHaveLength(1);
  });

  test.each([
    ['is signed', async (): Promise<void> => {}],
    ['is closed', () => Promise.reject(new Fault('PROCESSES_UNAVAILABLE', 'the sale ended before it was signed'))],
    ['was closed long ago', () => Promise.reject(new Fault('CONTRACT_OVER', 'the sale is over'))],
  ])('a sale that is over by the time that it %s is no contract', async (_how, answered) => {
    const id = await reserved();
    const contract = contractOf(transactionId(id));
    node.hands.purchase = async (transaction) => {
      await node.sell(transaction);
      await node.memory.inventory.giveBack({ contract, transaction, ending: { reason: 'drained' } });
      await answered();
      return contract;
    };
    expect(JSON.parse((await purchase(id, '{}', PROBLEM)).text)).toMatchObject({ code: 'CONTRACT_OVER', endReason: 'drained' });
    // A repeat that read the row while it was sold still.
    const again = await reserved({ 'idempotency-key': 'again' });
    await node.sell(transactionId(again));
    node.hands.purchase = async (transaction) => {
      await node.memory.inventory.giveBack({ contract: contractOf(transaction), transaction, ending: { reason: 'drained' } });
      await answered();
      return contractOf(transaction);
    };
    expect(JSON.parse((await purchase(again, '{}', PROBLEM)).text)).toMatchObject({ code: 'CONTRACT_OVER', endReason: 'drained' });
    expect(node.issued()).toBe(0);
  });

  test.each([
    ['its tenant never came', new Fault('PEERING_TIMEOUT', 'no tenant'), 'PEERING_TIMEOUT'],
    ['our cluster was away', new Fault('CLUSTER_UNREACHABLE', 'away'), 'HOLD_RELEASED'],
  ])('a sale that failed once it was sold, since %s, is no contract, and no repeat makes it one', async (_why, fault, code) => {
    const id = await reserved();
    node.hands.purchase = async (transaction) => {
      await node.sell(transaction);
      throw fault;
    };
    for (const answer of [await purchase(id, '{}', PROBLEM), await purchase(id, '{}', PROBLEM)]) {
      const { status, text } = answer;
      expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({ status: expect.any(Number), code });
      expect(status).toBeGreaterThanOrEqual(400);
    }
    expect(node.issued()).toBe(0);
  });

  test('processes that never answer, or break, are not waited for', async () => {
    const impatient = await rearNode({ name: 'impatient', clock, options: { purchaseWaitMs: 50 } });
    await impatient.memory.inventory.publish(sliceOf(impatient.identity, { id: flavorId('slice') }));
    const { text } = await rawCall(impatient.port, 'POST', '/api/v2/reservations', { body: body() });
    const path = `/api/v2/transactions/${(JSON.parse(text) as { transactionID: string }).transactionID}/purchase`;
    impatient.hands.purchase = () => new Promise(() => {});
    expect((await rawCall(impatient.port, 'POST', path, { body: '{}' })).status).toBe(503);
    await impatient.close();
  });

  test('two at once are one sale', async () => {
    const id = await reserved();
    const answers = await Promise.all(Array.from({ length: 8 }, () => purchase(id)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(node.memory.living()).toHaveLength(1);
  });

  test('somebody else who says so buys nothing', async () => {
    const id = await reserved();
    expect((await purchase(id, JSON.stringify({ buyerID: { ID: 'thief' } }))).status).toBe(403);
    expect((await purchase(id)).status).toBe(200);
    expect((await purchase(id, JSON.stringify({ buyerID: { ID: 'thief' } }))).status).toBe(403);
  });
});
