import { beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { Fault } from '../../src/domain/faults.ts';
import { contractOf, intentName, transactionId } from '../../src/domain/ids.ts';
import type { AuditEvent } from '../../src/domain/audit.ts';
import type { PublishedKey } from '../../src/domain/did.ts';
import { API_PREFIX, API_ROUTES, managementApi } from '../../src/http/api/app.ts';
import type { ApiDeps } from '../../src/http/api/route.ts';
import { signerAt } from '../fakes/keys.ts';
import { openToAll } from '../fakes/callers.ts';
import { type MemoryAudit, memoryAudit } from '../fakes/memory-audit.ts';
import { type MemoryInventory, memoryInventory } from '../fakes/memory-inventory.ts';
import { type MemoryProcesses, memoryProcesses } from '../fakes/memory-processes.ts';
import { type MemoryRecords, memoryRecords } from '../fakes/memory-records.ts';
import { handClock, identityOf, sliceOf } from '../fakes/samples.ts';

const clock = handClock();
const seller = identityOf('seller');
const buyer = identityOf('buyer');
let fake: MemoryProcesses;
let history: MemoryAudit;
let store: MemoryInventory;
let records: MemoryRecords;
let errors: object[];
let lines: object[];
let app: ReturnType<typeof managementApi>;
let deps: ApiDeps;

beforeEach(async () => {
  fake = memoryProcesses({ clock });
  history = memoryAudit({ clock });
  store = memoryInventory({ clock });
  records = memoryRecords({ clock });
  errors = [];
  lines = [];
  deps = {
    processes: fake.processes,
    inventory: store.inventory,
    contracts: store.contracts,
    ...records,
    audit: history.audit,
    chain: history.chain,
    signer: signerAt('alice.example:3004', clock),
    clock,
    bodyLimitBytes: 20_000,
  };
  const log = { info: (facts: object) => void lines.push(facts), error: (facts: object) => void errors.push(facts) };
  app = managementApi(deps, { log, version: '0.0.0', loopbackOnly: true, callers: openToAll });
});

const HOST = { host: '127.0.0.1:3005' };
const JSON_TYPE = { 'content-type': 'application/json' };
const document = (name = 'web', cpu = '100m') => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: { workload: { namespace: 'shop' }, resources: { cpu, memory: '64Mi', pods: 1 } },
});
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const response = await app.request(`http://127.0.0.1:3005${path}`, {
    method,
    headers: { ...HOST, ...(text !== undefined && JSON_TYPE), ...headers },
    ...(text !== undefined && { body: text }),
  });
  const answer = await response.text();
  if (response.status < 300) promised(method, path, response.status, answer);
  return { status: response.status, headers: response.headers, body: (answer === '' ? undefined : JSON.parse(answer)) as never };
}

/** What is answered is what the OpenAPI document promises. */
function promised(method: string, path: string, status: number, answer: string): void {
  const bare = path.split('?')[0] ?? '';
  const route = API_ROUTES.find(
    (candidate) =>
      candidate.method === method.toLowerCase() &&
      new RegExp(`^${API_PREFIX}${candidate.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
  );
  const schema = route?.answers[status]?.schema;
  if (!schema) throw new Error(`${method} ${path} answers ${status}, which is not promised`);
  expect(schema.safeParse(JSON.parse(answer)).error).toBeUndefined();
}

describe('intents', () => {
  test('are created once per name and document, in JSON or YAML, by POST or PUT', async () => {
    const first = await ask('PUT', '/api/v1/intents/web', document());
    expect([first.status, first.body, first.headers.get('location')]).toEqual([201, { name: 'web', created: true }, '/api/v1/intents/web']);
    expect((await ask('PUT', '/api/v1/intents/web', document())).status).toBe(200);
    const yaml = await ask('POST', '/api/v1/intents', stringify(document('web', '0.1')), {
      'content-type': 'application/yaml; charset=utf-8',
    });
    expect([yaml.status, yaml.body]).toEqual([200, { name: 'web', created: false }]);
    const other = await ask('POST', '/api/v1/intents', document('web', '2'));
    expect([other.status, other.body]).toEqual([409, expect.objectContaining({ code: 'INTENT_EXISTS', retry: false })]);
  });

  test('are told with plan and journal, and ended', async () => {
    await ask('PUT', '/api/v1/intents/web', document());
    expect((await ask('GET', '/api/v1/intents/web')).body).toMatchObject({
      status: { name: 'web', phase: 'intent', state: 'working' },
      plan: { entries: [], silent: [] },
      source: 'workflow',
      mark: 'm1',
    });
    expect((await ask('GET', '/api/v1/intents')).body).toMatchObject({ items: [{ name: 'web' }] });
    expect((await ask('GET', '/api/v1/intents/web/plan')).body).toEqual({ entries: [], silent: [] });
    expect((await ask('GET', '/api/v1/intents/web/journal')).body).toMatchObject({
      workflows: [
        { workflowId: 'intent/web', lines: [{ step: 'fits' }] },
        {
          workflowId: 'acquisition/web-1',
          lines: [{ step: 'reserve' }, { step: 'extend', side: 'here' }, { step: 'extend', side: 'there' }],
        },
      ],
      unread: [],
    });
    expect((await ask('POST', '/api/v1/intents/web/retry-teardown')).status).toBe(202);
    expect(fake.asked).toEqual(['retryTeardown intent/web', 'retryTeardown acquisition/web-1']);
    expect((await ask('POST', '/api/v1/intents/web/end')).status).toBe(202);
    expect((await ask('GET', '/api/v1/intents/web')).body).toMatchObject({
      status: { state: 'ended', ending: { reason: 'ended-by-user' } },
    });
    expect((await ask('POST', '/api/v1/intents/web/end', { reason: 'operator', detail: 'again' })).status).toBe(202);
    expect(lines.at(-1)).toMatchObject({ method: 'POST', status: 202, intent: 'web', requestId: expect.any(String) });
  });

  test('are waited for without polling', async () => {
    await ask('PUT', '/api/v1/intents/web', document());
    const waiting = ask('GET', '/api/v1/intents/web?after=m1&wait=30');
    await expect.poll(() => fake.waiting()).toBe(1);
    fake.change(intentName('web'), { phase: 'peering' });
    expect((await waiting).body).toMatchObject({ status: { phase: 'peering' }, mark: 'm2' });
    expect((await ask('GET', '/api/v1/intents/web?after=m1&wait=30')).body).toMatchObject({ mark: 'm2' });
    expect((await ask('GET', '/api/v1/intents/web?after=m2&wait=0.01')).body).toMatchObject({ mark: 'm2' });
  });

  test('are listed newest first, as many as are wanted, the living ones as they are now', async () => {
    await ask('PUT', '/api/v1/intents/web', document());
    const record = await fake.processes.readIntent(intentName('web'));
    if (!record) throw new Error('no record');
    for (const [name, startedAt] of [
      ['b', 2],
      ['c', 3],
      ['a', 2],
    ] as const)
      await records.intents.save({ ...record, status: { ...record.status, name, state: 'ended', startedAt } });
    fake.change(intentName('web'), { phase: 'usage' });
    const listed = async (query: string) =>
      ((await ask('GET', `/api/v1/intents${query}`)).body as { items: { name: string; phase: string }[] }).items;
    expect((await listed('')).map(({ name }) => name)).toEqual(['web', 'c', 'a', 'b']);
    expect(await listed('?limit=2')).toMatchObject([{ name: 'web', phase: 'usage' }, { name: 'c' }]);
    expect((await listed('?limit=1')).map(({ name }) => name)).toEqual(['web']);
    // Nothing else of a record is read for a list.
    Object.assign(deps, { processes: { ...fake.processes, readIntent: () => Promise.reject(new Error('a whole record')) } });
    expect(await listed('?limit=2')).toMatchObject([{ name: 'web', phase: 'usage' }, { name: 'c' }]);
  });

  test('are told as last written down when their workflow does not answer, or is forgotten', async () => {
    const record = await (async () => {
      await ask('PUT', '/api/v1/intents/web', document());
      return await fake.processes.readIntent(intentName('web'));
    })();
    if (!record) throw new Error('no record');
    await records.intents.save(record);
    await records.intents.save({ ...record, status: { ...record.status, name: 'old', state: 'ended', startedAt: 1 } });
    fake.setUp(false);
    expect((await ask('GET', '/api/v1/intents/web')).body).toMatchObject({ source: 'projection', status: { name: 'web' } });
    expect((await ask('GET', '/api/v1/intents')).body).toMatchObject({ items: [{ name: 'web' }, { name: 'old' }] });
    const unknown = await ask('GET', '/api/v1/intents/unknown');
    expect([unknown.status, unknown.headers.get('retry-after'), unknown.body]).toEqual([
      503,
      '2',
      expect.objectContaining({ code: 'PROCESSES_UNAVAILABLE', retry: true }),
    ]);
    fake.setUp(true);
    expect((await ask('GET', '/api/v1/intents/old')).body).toMatchObject({ source: 'projection', status: { state: 'ended' } });
    expect((await ask('GET', '/api/v1/intents/unknown')).status).toBe(404);
  });
});

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
    expect((await ask('GET', '/api/v1/contracts?limit=1')).body).toEqual({ items: [expect.objectContaining({ role: 'buyer' })] });
    expect((await ask('GET', '/api/v1/contracts?role=buyer&living=true')).body).toMatchObject({
      items: [{ terms: { transaction: bought } }],
    });
    expect((await ask('GET', `/api/v1/contracts/${contract}`)).body).toMatchObject({ terms: { id: contract }, state: 'active' });
    expect((await ask('GET', '/api/v1/allocations?limit=1')).body).toEqual({ items: [expect.objectContaining({ type: 'VirtualNode' })] });
    await store.contracts.markOver({ contract: contractOf(bought), ending: { reason: 'done' } });
    expect((await ask('GET', '/api/v1/allocations')).body).toEqual({ items: [expect.objectContaining({ type: 'Node' })] });
    expect((await ask('GET', '/api/v1/allocations?released=true')).body).toMatchObject({
      items: [{ state: 'released' }, { state: 'inactive' }],
    });
    const allocation = { contract, type: 'Node', state: 'active', resources: { cpu: '8', memory: '16Gi', pods: '100' } };
    Object.assign(deps, { contracts: { ...store.contracts, allocations: async () => [allocation] } });
    expect((await ask('GET', '/api/v1/allocations')).body).toEqual({ items: [allocation] });
    const none = { cpu: '0', memory: '0', pods: '0' };
    const sums = { free: none, held: none, sold: allocation.resources, holds: 0, flavors: 1 };
    Object.assign(deps, { inventory: { ...store.inventory, sums: async () => sums } });
    expect((await ask('GET', '/api/v1/sums')).body).toEqual(sums);
    expect((await ask('GET', '/api/v1/flavors')).status).toBe(200);
    expect((await ask('GET', '/api/v1/candidates')).body).toEqual({ items: [] });
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

test('brackets within texts are no nesting', async () => {
  const container = {
    name: 'colours',
    image: 'busybox:1',
    args: ['\\033[31m{'.repeat(300)],
    resources: { requests: { cpu: '1', memory: '1Gi' } },
  };
  const manifests = [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'colours' }, spec: { containers: [container] } }];
  for (const [name, type, write] of [
    ['json', 'application/json', JSON.stringify],
    ['yaml', 'application/yaml', stringify],
  ] as const) {
    const text = write({ ...document(name), spec: { workload: { manifests } } });
    expect(await ask('POST', '/api/v1/intents', text, { 'content-type': type })).toMatchObject({ status: 201 });
  }
});

test('a client that goes away while it sends is no bug of ours', async () => {
  const body = new ReadableStream({ pull: (to) => to.error(new Error('aborted')) });
  const headers = { ...HOST, ...JSON_TYPE };
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', headers, body, duplex: 'half' };
  const response = await app.request('http://127.0.0.1:3005/api/v1/intents', init);
  expect([response.status, errors]).toEqual([400, []]);
});

describe('what is wrong is refused with what, where and why', () => {
  const deep = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
  const nested = JSON.stringify(Array.from({ length: 100 }).reduce((inner) => ({ a: inner }), 1));
  const yaml = { 'content-type': 'application/yaml' };
  test.each<[string, string, string, unknown, Record<string, string>, number, object]>([
    ['an unknown path', 'GET', '/api/v1/intent', undefined, {}, 404, { type: 'about:blank' }],
    ['a path above', 'GET', '/', undefined, {}, 404, {}],
    ['another method', 'PATCH', '/api/v1/intents/web', '{}', {}, 405, { detail: expect.stringContaining('PUT') }],
    ['another media type', 'POST', '/api/v1/intents', 'x', { 'content-type': 'text/plain' }, 415, {}],
    [
      'a form, as browsers send it unasked',
      'POST',
      '/api/v1/intents',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      {},
    ],
    ['no body', 'POST', '/api/v1/intents', undefined, JSON_TYPE, 400, { code: 'BAD_REQUEST' }],
    ['no JSON', 'POST', '/api/v1/intents', '{"a":', {}, 400, { detail: expect.stringContaining('not JSON') }],
    [
      'no YAML',
      'POST',
      '/api/v1/intents',
      'a: 1\nb: {c',
      yaml,
      400,
      { detail: expect.stringMatching(/not YAML: .* at line 2, column \d+$/) },
    ],
    ['an alias bomb', 'POST', '/api/v1/intents', 'a: &a [x]\nb: [*a, *a]', yaml, 400, { detail: expect.stringContaining('aliases') }],
    ['a deep body', 'POST', '/api/v1/intents', deep, {}, 400, { detail: expect.stringContaining('nested') }],
    [
      'a deep list of YAML',
      'POST',
      '/api/v1/intents',
      '- '.repeat(9_000),
      yaml,
      400,
      { detail: expect.stringContaining('nested too deeply') },
    ],
    ['two YAML documents', 'POST', '/api/v1/intents', 'a: 1\n---\nb: 2\n', yaml, 400, { detail: expect.stringContaining('more than one') }],
    ['a deep YAML', 'POST', '/api/v1/intents', deep, yaml, 400, { detail: expect.stringContaining('nested') }],
    ['a nested body', 'POST', '/api/v1/intents', nested, {}, 400, { detail: expect.stringContaining('nested') }],
    ['a large body', 'POST', '/api/v1/intents', `"${'x'.repeat(30_000)}"`, {}, 413, { code: 'TOO_LARGE' }],
    ['a list', 'POST', '/api/v1/intents', [], {}, 422, { code: 'INTENT_INVALID' }],
    ['a text', 'PUT', '/api/v1/intents/web', '"x"', {}, 422, { code: 'INTENT_INVALID' }],
    ['null', 'PUT', '/api/v1/intents/web', 'null', {}, 422, { code: 'INTENT_INVALID' }],
    [
      'services that are wrong',
      'POST',
      '/api/v1/intents',
      {
        ...document('web'),
        spec: {
          services: [
            { name: 'db', categroy: 'database' },
            { name: 'db', configuration: 'hunter2' },
          ],
        },
      },
      {},
      422,
      {
        errors: expect.arrayContaining([
          { field: 'spec.services[0].categroy', problem: expect.stringContaining('did you mean category?') },
          { field: 'spec.services[1].configuration', problem: 'must be an object, not a text' },
          { field: 'spec.services[1].name', problem: 'must be unique: services[0] is called db too' },
        ]),
      },
    ],
    [
      'a document with many wrong fields',
      'POST',
      '/api/v1/intents',
      {
        ...document('Web'),
        spec: { workload: { namespace: 'kube-system' }, resource: { cpu: 1 }, budget: { amount: '-1', currency: 'EUR' } },
      },
      {},
      422,
      {
        errors: expect.arrayContaining([
          expect.objectContaining({ field: 'metadata.name' }),
          expect.objectContaining({ field: 'spec.workload.namespace' }),
          expect.objectContaining({ field: 'spec.resource', problem: expect.stringContaining('did you mean resources?') }),
          expect.objectContaining({ field: 'spec.budget.amount' }),
        ]),
      },
    ],
    [
      'another name than the path',
      'PUT',
      '/api/v1/intents/other',
      document(),
      {},
      422,
      { errors: [expect.objectContaining({ field: 'metadata.name' })] },
    ],
    [
      'a name that is none',
      'GET',
      '/api/v1/intents/Web_1',
      undefined,
      {},
      400,
      { errors: [expect.objectContaining({ field: 'path.name' })] },
    ],
    ['a name of 41', 'GET', `/api/v1/intents/${'a'.repeat(41)}`, undefined, {}, 400, {}],
    ['an unheard of intent', 'POST', '/api/v1/intents/web/end', undefined, {}, 404, { code: 'NOT_FOUND' }],
    [
      'an unknown reason',
      'POST',
      '/api/v1/intents/web/end',
      { reason: 'boredom' },
      {},
      400,
      { errors: [expect.objectContaining({ field: 'reason' })] },
    ],
    [
      'an unknown field',
      'POST',
      '/api/v1/intents/web/end',
      { reasn: 'operator' },
      {},
      400,
      { errors: [expect.objectContaining({ problem: expect.stringContaining('reason') })] },
    ],
    [
      'a wait for ever',
      'GET',
      '/api/v1/intents/web?wait=1e9',
      undefined,
      {},
      400,
      { errors: [expect.objectContaining({ field: 'query.wait' })] },
    ],
    ['a wait that is no number', 'GET', '/api/v1/intents/web?wait=soon', undefined, {}, 400, {}],
    [
      'a parameter twice',
      'GET',
      '/api/v1/intents/web?wait=1&wait=2',
      undefined,
      {},
      400,
      { errors: [expect.objectContaining({ field: 'query.wait' })] },
    ],
    [
      'a list of none',
      'GET',
      '/api/v1/intents?limit=0',
      undefined,
      {},
      400,
      { errors: [expect.objectContaining({ field: 'query.limit' })] },
    ],
    ['a list of too many', 'GET', '/api/v1/intents?limit=1001', undefined, {}, 400, {}],
    ['more than a list shows', 'GET', '/api/v1/allocations?limit=1001', undefined, {}, 400, {}],
    ['an unknown role', 'GET', '/api/v1/contracts?role=thief', undefined, {}, 400, {}],
    ['an unheard of contract', 'GET', '/api/v1/contracts/x', undefined, {}, 404, { code: 'NOT_FOUND' }],
    [
      'an address without port',
      'POST',
      '/api/v1/nodes',
      { address: 'example' },
      {},
      400,
      { errors: [expect.objectContaining({ field: 'address' })] },
    ],
    ['an address with a path', 'POST', '/api/v1/nodes', { address: 'http://example:80/x' }, {}, 400, {}],
    ['an address of another type', 'POST', '/api/v1/nodes', { address: { host: 'x' } }, {}, 400, {}],
    ['another origin', 'POST', '/api/v1/intents/web/end', undefined, { origin: 'https://evil.example' }, 403, { code: 'FORBIDDEN' }],
    ['a cross-site request', 'GET', '/api/v1/intents', undefined, { 'sec-fetch-site': 'cross-site' }, 403, {}],
    ['a name that was rebound to loopback', 'GET', '/api/v1/intents', undefined, { host: 'evil.example:3005' }, 403, {}],
    ['a percent sign', 'GET', '/api/v1/intents/%', undefined, {}, 400, {}],
    ['a NUL', 'GET', '/api/v1/intents/%00', undefined, {}, 400, {}],
  ])('%s', async (_, method, path, body, headers, status, expected) => {
    const answer = await ask(method, path, body, { 'x-request-id': 'test-1', ...headers });
    expect(answer.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String), requestId: 'test-1', ...expected });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('x-request-id')).toBe('test-1');
    if (status === 405) expect(answer.headers.get('allow')).toContain('PUT');
    expect(errors).toEqual([]);
    expect(await fake.processes.open()).toEqual([]);
  });

  test('a bug shows nothing of itself but the id under which the log knows it', async () => {
    Object.assign(deps, { intents: { newest: () => Promise.reject(new Error('password=secret')) } });
    const answer = await ask('GET', '/api/v1/intents');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(errors).toEqual([expect.objectContaining({ requestId: expect.any(String) })]);
  });
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

describe('the audit', () => {
  const operators = async () => (await history.audit.list({ limit: 50 })).map(({ facts }) => facts);

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
    expect(await told('?limit=2&before=3')).toEqual([2, 1]);
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

  test('tells what operators change, once it is done, and nothing of what they read or was refused', async () => {
    const transaction = transactionId(`${'c'.repeat(32)}-1`);
    const contract = contractOf(transaction);
    await store.inventory.publish(sliceOf(seller));
    await store.inventory.reserve({ flavor: sliceOf(seller).id, buyer, transaction, ttlMs: 60_000 });
    await store.inventory.sell({ transaction, contract, seller, lifetimeMs: 3_600_000 });
    await ask('PUT', '/api/v1/intents/web', document());
    await ask('GET', '/api/v1/intents/web');
    await ask('POST', '/api/v1/intents', document('web', '2'));
    await ask('POST', '/api/v1/nodes', { address: 'bob.example:3004' });
    await ask('DELETE', '/api/v1/nodes/bob.example:3004');
    await ask('POST', `/api/v1/contracts/${contract}/end`, { reason: 'operator', detail: 'moved' });
    await ask('POST', '/api/v1/contracts/contract-x/end', {});
    const told = (await history.audit.list({ limit: 10 })).map(({ kind, contract: of, facts }) => [kind, of, facts]);
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
