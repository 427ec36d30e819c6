/** What the management API refuses, and with which words. */
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { fake, errors, app, deps, HOST, JSON_TYPE, document, ask } from './api-subject.ts';

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
