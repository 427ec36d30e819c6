/** The audit by the management API: what it shows, and what operators change. */
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { contractOf, transactionId } from '../../src/domain/ids.ts';
import type { AuditEvent } from '../../src/domain/audit.ts';
import { sliceOf } from '../fakes/samples.ts';
import { clock, seller, buyer, history, store, errors, deps, document, ask } from './api-subject.ts';

describe('the audit', () => {
  const operators = async () => (await history.audit.page({ limit: 50 })).items.map(({ facts }) => facts);

  test('tells of a change whose answer failed after it, and not of one that was refused', async () => {
    const { processes } = deps;
    const made: string[] = [];
    Object.assign(deps, {
      processes: {
        ...processes,
        async endIntent(name: string) {
          made.push(name);
          throw new Fault('PROCESSES_UNAVAILABLE', 'no answer in time');
        },
        async retryTeardown() {
          throw new Fault('NOT_FOUND', 'no such workflow');
        },
      },
      signer: { ...deps.signer, rotate: () => Promise.reject(new TypeError('a bug')) },
    });
    expect((await ask('POST', '/api/v1/intents/web/end', { detail: 'enough' })).status).toBe(503);
    expect((await ask('POST', '/api/v1/processes/retry-teardown', { workflowId: 'intent/web' })).status).toBe(404);
    expect((await ask('POST', '/api/v1/keys/rotate', { overlap: 'soon' })).status).toBe(400);
    expect((await ask('POST', '/api/v1/keys/rotate', { overlap: '1d' })).status).toBe(500);
    expect(made).toEqual(['web']);
    const ended = { operation: 'endIntent', name: 'web', reason: 'ended-by-user', detail: 'enough', failed: 'PROCESSES_UNAVAILABLE' };
    expect(await operators()).toEqual([{ operation: 'rotateKey', overlap: '1d', failed: 'a bug' }, ended]);
  });

  test('tells of a rotation for how long the old key counts, and which is new', async () => {
    const { body } = await ask('POST', '/api/v1/keys/rotate', { overlap: '0s' });
    expect(await operators()).toEqual([{ operation: 'rotateKey', overlap: '0s', kid: (body as { kid: string }).kid }]);
  });

  test('tells what happened, of one contract or since a time, in pages', async () => {
    const { audit } = history;
    await audit.record({ kind: 'peer-lied', peer: 'mallory', facts: { code: 'PEER_LIED', count: 1 } });
    clock.advance(60_000);
    const since = new Date(clock.now()).toISOString();
    for (const n of [1, 2, 3]) await audit.record({ kind: 'sold', contract: contractOf(transactionId(`t-${n}`)), facts: { n } });
    const told = async (query: string) =>
      ((await ask('GET', `/api/v1/audit${query}`)).body as { items: AuditEvent[] }).items.map(({ id }) => id);
    expect(await told('')).toEqual([4, 3, 2, 1]);
    expect(await told('?limit=2')).toEqual([4, 3]);
    const { next } = (await ask('GET', '/api/v1/audit?limit=2')).body as { readonly next: string };
    expect(await told(`?limit=2&after=${next}`)).toEqual([2, 1]);
    expect(await told(`?since=${since}`)).toEqual([4, 3, 2]);
    expect(await told(`?contract=${contractOf(transactionId('t-2'))}`)).toEqual([3]);
    expect((await ask('GET', '/api/v1/audit?since=noon&limit=0')).body).toMatchObject({
      errors: [expect.objectContaining({ field: 'query.since' }), expect.objectContaining({ field: 'query.limit' })],
    });
  });

  test('tells what a verification found, and where to go on', async () => {
    const heads = { count: 0, unreadable: 0 };
    history.say({
      verify: async ({ after = 0 }) =>
        after === 0
          ? { verdict: 'unfinished', words: 'so far', checked: 10, sealed: 12, waiting: 1, heads, next: 10 }
          : {
              verdict: 'broken',
              words: 'gone',
              checked: 11,
              sealed: 12,
              waiting: 1,
              heads,
              tampering: { kind: 'removed', seq: 12, event: 14 },
            },
    });
    expect((await ask('GET', '/api/v1/audit/verification')).body).toMatchObject({ verdict: 'unfinished', next: 10 });
    expect((await ask('GET', '/api/v1/audit/verification?after=10')).body).toMatchObject({
      verdict: 'broken',
      tampering: { kind: 'removed', event: 14 },
    });
  });

  test('tells what operators change, once it is done, and nothing of what they read, was so already or was refused', async () => {
    const transaction = transactionId(`${'c'.repeat(32)}-1`);
    const contract = contractOf(transaction);
    await store.inventory.publish(sliceOf(seller));
    await store.inventory.reserve({ flavor: sliceOf(seller).id, buyer, transaction, ttlMs: 60_000 });
    await store.inventory.sell({ transaction, contract, seller, lifetimeMs: 3_600_000 });
    await ask('PUT', '/api/v1/intents/web', document());
    await ask('GET', '/api/v1/intents/web');
    // The same again changes nothing, and another one is refused.
    expect((await ask('POST', '/api/v1/intents', document())).status).toBe(200);
    await ask('POST', '/api/v1/intents', document('web', '2'));
    await ask('POST', '/api/v1/nodes', { address: 'bob.example:3004' });
    await ask('DELETE', '/api/v1/nodes/bob.example:3004');
    await ask('POST', `/api/v1/contracts/${contract}/end`, { reason: 'operator', detail: 'moved' });
    await ask('POST', '/api/v1/contracts/contract-x/end', {});
    const told = (await history.audit.page({ limit: 10 })).items.map(({ kind, contract: of, facts }) => [kind, of, facts]);
    expect(told).toEqual([
      ['operator', contract, { operation: 'endContract', id: contract, reason: 'operator', detail: 'moved' }],
      ['operator', undefined, { operation: 'removeNode', address: 'bob.example:3004' }],
      ['operator', undefined, { operation: 'addNode', address: 'bob.example:3004' }],
      ['operator', undefined, { operation: 'putIntent', name: 'web', created: true }],
    ]);
  });

  test('that cannot be written undoes nothing: the log says so', async () => {
    Object.assign(history.audit, { record: () => Promise.reject(new Error('away')) });
    expect((await ask('POST', '/api/v1/nodes', { address: 'bob.example:3004' })).status).toBe(200);
    expect(errors).toEqual([expect.objectContaining({ operation: 'addNode', address: 'bob.example:3004', why: 'away' })]);
  });
});
