/** Flavors, contracts, nodes, processes and keys by the management API. */
import { beforeEach, describe, expect, test } from 'vitest';
import { contractOf, flavorId, transactionId } from '../../src/domain/ids.ts';
import type { PublishedKey } from '../../src/domain/did.ts';
import { sliceOf } from '../fakes/samples.ts';
import { clock, seller, buyer, fake, store, records, deps, document, ask } from './api-subject.ts';

describe('the market', () => {
  const transaction = transactionId(`${'a'.repeat(32)}-1`);
  const contract = contractOf(transaction);
  const bought = transactionId(`${'b'.repeat(32)}-1`);
  beforeEach(async () => {
    await store.inventory.publish(sliceOf(seller));
    const flavor = sliceOf(seller).id;
    await store.inventory.reserve({ flavor, buyer, transaction, ttlMs: 60_000 });
    await store.inventory.sell({ transaction, contract, seller, lifetimeMs: 3_600_000 });
    const sold = await store.contracts.get(contract);
    if (!sold) throw new Error('not sold');
    await store.contracts.storeBought({
      terms: { ...sold.terms, id: contractOf(bought), transaction: bought },
      acquisition: 'acq-1' as never,
    });
  });

  test('is told', async () => {
    expect((await ask('GET', '/api/v1/contracts')).body).toMatchObject({ items: [{ role: 'buyer' }, { role: 'seller' }] });
    expect((await ask('GET', '/api/v1/contracts?limit=1')).body).toEqual({
      items: [expect.objectContaining({ role: 'buyer' })],
      next: expect.any(String),
    });
    expect((await ask('GET', '/api/v1/contracts?role=buyer&living=true')).body).toMatchObject({
      items: [{ terms: { transaction: bought } }],
    });
    expect((await ask('GET', `/api/v1/contracts/${contract}`)).body).toMatchObject({ terms: { id: contract }, state: 'active' });
    expect((await ask('GET', '/api/v1/allocations?limit=1')).body).toEqual({
      items: [expect.objectContaining({ type: 'VirtualNode' })],
      next: expect.any(String),
    });
    await store.contracts.markOver({ contract: contractOf(bought), ending: { reason: 'done' } });
    expect((await ask('GET', '/api/v1/allocations')).body).toEqual({ items: [expect.objectContaining({ type: 'Node' })] });
    expect((await ask('GET', '/api/v1/allocations?released=true')).body).toMatchObject({
      items: [{ state: 'released' }, { state: 'inactive' }],
    });
    const allocation = { contract, type: 'Node', state: 'active', resources: { cpu: '8', memory: '16Gi', pods: '100' } };
    Object.assign(deps, { contracts: { ...store.contracts, allocationPage: async () => ({ items: [allocation] }) } });
    expect((await ask('GET', '/api/v1/allocations')).body).toEqual({ items: [allocation] });
    const none = { cpu: '0', memory: '0', pods: '0' };
    const sums = { free: none, held: none, sold: allocation.resources, holds: 0, flavors: 1 };
    Object.assign(deps, { inventory: { ...store.inventory, sums: async () => sums } });
    expect((await ask('GET', '/api/v1/sums')).body).toEqual(sums);
    const has = { buyer, contracts: 1, holds: 0, resources: allocation.resources, hourly: [{ amount: '0.8', currency: 'EUR' }] };
    expect((await ask('GET', '/api/v1/buyers?limit=1')).body).toEqual({ items: [{ ...has, limits: { holds: 5, cpu: '64' } }] });
    const sale = {
      name: 'small',
      kind: 'vm',
      writtenIn: 'configuration',
      flavor: 'v-1',
      state: 'not-on-sale',
      why: 'no VirtualMachine',
      instances: 4,
      free: 0,
    };
    Object.assign(deps, { blueprints: { page: async () => ({ items: [sale] }) } });
    expect((await ask('GET', '/api/v1/blueprints')).body).toEqual({ items: [sale] });
    for (const id of ['one', 'two']) await store.inventory.publish({ ...sliceOf(seller), id: flavorId(id) });
    expect((await ask('GET', '/api/v1/flavors')).body).toMatchObject({ items: [{ id: 'one' }, { id: 'two' }] });
    await records.knownNodes.add('north.example:3004', 'operator');
    const candidate = {
      flavor: sliceOf(seller),
      seller,
      dialect: 'rearguard',
      part: { cpu: '1', memory: '1Gi', pods: '1' },
      rating: 0.5,
    } as const;
    await records.candidates.replace('north.example:3004', [candidate]);
    expect((await ask('GET', '/api/v1/candidates')).body).toEqual({ items: [{ ...candidate, seenAt: expect.any(String) }] });
  });

  test('ends a contract by role, for a reason of that role', async () => {
    expect((await ask('POST', `/api/v1/contracts/${contract}/end`)).status).toBe(202);
    expect((await ask('POST', `/api/v1/contracts/${contract}/end`, { reason: 'drained', detail: 'rack 7' })).status).toBe(202);
    expect((await ask('POST', `/api/v1/contracts/${contractOf(bought)}/end`)).status).toBe(202);
    expect(fake.asked).toEqual([
      `endContract ${transaction} seller: withdrawn-by-seller`,
      `endContract ${transaction} seller: drained (rack 7)`,
      'releaseAcquisition acq-1: ended-by-user',
    ]);
    const wrong = await ask('POST', `/api/v1/contracts/${contract}/end`, { reason: 'ended-by-user' });
    expect([wrong.status, wrong.body]).toEqual([400, expect.objectContaining({ errors: [expect.objectContaining({ field: 'reason' })] })]);
    await store.inventory.giveBack({ contract, ending: { reason: 'drained' } });
    expect((await ask('POST', `/api/v1/contracts/${contract}/end`)).status).toBe(202);
    expect(fake.asked).toHaveLength(3);
    // It is over, and its tenant may still be kept for the buyer: only who says so waits no more.
    expect((await ask('POST', `/api/v1/contracts/${contract}/end`, { reason: 'operator', withoutBuyer: true })).status).toBe(202);
    expect(fake.asked.slice(3)).toEqual([`endContract ${transaction} seller-alone: operator`]);
  });
});

test('known nodes are listed, added and removed; processes are told and retried', async () => {
  await records.knownNodes.configure(['a.example:1']);
  expect((await ask('POST', '/api/v1/nodes', { address: '[::1]:3004' })).body).toEqual({ address: '[::1]:3004', source: 'operator' });
  expect((await ask('GET', '/api/v1/nodes')).body).toMatchObject({ items: [{ address: '[::1]:3004' }, { address: 'a.example:1' }] });
  expect((await ask('DELETE', `/api/v1/nodes/${encodeURIComponent('[::1]:3004')}`)).status).toBe(200);
  expect((await ask('DELETE', '/api/v1/nodes/b.example:1')).status).toBe(404);
  const secure = 'https://b.example:1';
  expect((await ask('POST', '/api/v1/nodes', { address: secure })).body).toEqual({ address: secure, source: 'operator' });
  expect((await ask('DELETE', `/api/v1/nodes/${encodeURIComponent(secure)}`)).status).toBe(200);
  for (const address of ['http://b.example:1', 'https://b.example', 'https://u@b.example:1', 'https://b.example:1/x'])
    expect((await ask('POST', '/api/v1/nodes', { address })).status).toBe(400);
  await ask('PUT', '/api/v1/intents/web', document());
  expect((await ask('GET', '/api/v1/processes')).body).toMatchObject({ items: [{ workflowId: 'intent/web', stuck: false }] });
  expect((await ask('GET', '/api/v1/processes?stuck=true')).body).toEqual({ items: [] });
  expect((await ask('POST', '/api/v1/processes/retry-teardown', { workflowId: 'peering/x' })).status).toBe(202);
  expect((await ask('POST', '/api/v1/processes/retry-teardown', { workflowId: 'gone' })).status).toBe(404);
});

test('keys are shown without their private halves, and rotated with an overlap', async () => {
  const [first] = ((await ask('GET', '/api/v1/keys')).body as { items: PublishedKey[] }).items;
  const { status, body } = await ask('POST', '/api/v1/keys/rotate', { overlap: '1h' });
  expect(status).toBe(200);
  const made = body as PublishedKey;
  const { items } = (await ask('GET', '/api/v1/keys')).body as { items: PublishedKey[] };
  expect(items.map(({ kid }) => kid)).toEqual([first?.kid, made.kid]);
  const signsFrom = Date.parse(items[1]?.signsFrom ?? '');
  expect([signsFrom - clock.now(), Date.parse(items[0]?.until ?? '') - signsFrom]).toEqual([120_000, 3_600_000]);
  expect(JSON.stringify(items)).not.toContain('"d"');
  expect((await ask('POST', '/api/v1/keys/rotate', { overlap: 'soon' })).body).toMatchObject({
    status: 400,
    errors: [{ field: 'overlap', problem: expect.stringContaining('duration') as string }],
  });
});
