/** Who may do what at the management API: every operation by every role, and what strangers are told. */
import type { IncomingMessage } from 'node:http';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { intentName } from '../../src/domain/ids.ts';
import { ROLES, type Role } from '../../src/domain/roles.ts';
import { API_PREFIX, API_ROUTES, managementApi } from '../../src/http/api/app.ts';
import type { ApiDeps, Route } from '../../src/http/api/route.ts';
import type { Callers } from '../../src/ports/callers.ts';
import { callersOf, openToAll } from '../fakes/callers.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { memoryRecords } from '../fakes/memory-records.ts';
import { handClock } from '../fakes/samples.ts';

const TOKENS = { 'rgt_v-1': 'viewer', 'rgt_o-1': 'operator', 'rgt_a-1': 'admin' } as const satisfies Record<string, Role>;
const tokenOf = (role: Role): string => Object.entries(TOKENS).find(([, held]) => held === role)?.[0] ?? '';
const callers = callersOf({
  ...Object.fromEntries(Object.entries(TOKENS).map(([token, role]) => [token, { name: `the-${role}`, role }])),
  'rgt_n-1': { name: 'nobody-yet' },
});

let clock: ReturnType<typeof handClock>;
let lines: object[];
let app: ReturnType<typeof managementApi>;
/** Whatever a handler asks for is broken: who gets so far is answered 500, and was let in. */
const broken = new Proxy({}, { get: () => new Proxy(() => {}, { apply: () => Promise.reject(new Error('reached')) }) });
const open = (who = callers): void => {
  clock = handClock();
  lines = [];
  const log = { info: (facts: object) => void lines.push(facts), error: (facts: object) => void lines.push(facts) };
  const deps = Object.fromEntries(
    ['processes', 'inventory', 'contracts', 'candidates', 'intents', 'knownNodes'].map((name) => [name, broken]),
  );
  app = managementApi({ ...deps, clock, bodyLimitBytes: 1_000 } as unknown as ApiDeps, {
    log,
    version: '0',
    loopbackOnly: false,
    callers: who,
  });
};
beforeEach(() => open());

async function ask(method: string, path: string, { from = '192.0.2.1', ...headers }: Record<string, string> = {}) {
  const incoming = { socket: { remoteAddress: from } } as unknown as IncomingMessage;
  const answer = await app.request(
    `http://node.example${path}`,
    { method, headers: { host: 'node.example', ...headers }, ...(method === 'POST' || method === 'PUT' ? { body: '{}' } : {}) },
    { incoming },
  );
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: (text === '' ? undefined : JSON.parse(text)) as unknown };
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const pathOf = ({ path }: Route): string => `${API_PREFIX}${path.replaceAll(/\{\w+\}/g, 'x')}`;

describe('every operation', () => {
  test('that changes something needs more than a viewer', () => {
    const light = API_ROUTES.filter(({ method, role }) => method !== 'get' && role === 'viewer').map(({ operationId }) => operationId);
    expect(light).toEqual([]);
  });

  test.each(API_ROUTES.map((route) => [route.operationId, route] as const))('%s', async (_, route) => {
    const stranger = await ask(route.method.toUpperCase(), pathOf(route));
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="rearguard"']);
    for (const role of ROLES) {
      const answer = await ask(route.method.toUpperCase(), pathOf(route), bearer(tokenOf(role)));
      if (ROLES.indexOf(role) >= ROLES.indexOf(route.role)) expect([401, 403]).not.toContain(answer.status);
      else
        expect([answer.status, answer.body]).toEqual([
          403,
          expect.objectContaining({ code: 'FORBIDDEN', facts: { needed: route.role, role } }),
        ]);
    }
  });
});

test('strangers are told the same of what is there and of what is not; the API document and nothing else is for all', async () => {
  for (const [method, path] of [
    ['GET', '/api/v1/nowhere'],
    ['PATCH', '/api/v1/intents'],
    ['GET', '/api/v1/intents/web'],
    ['HEAD', '/api/v1/intents'],
  ] as const)
    expect((await ask(method, path)).status).toBe(401);
  expect((await ask('GET', '/openapi.json')).status).toBe(200);
  expect((await ask('GET', '/api/v1/nowhere', bearer('rgt_v-1'))).status).toBe(404);
});

test('what is refused is a problem that says why, and never the token; the log names the caller', async () => {
  const unknown = await ask('GET', '/api/v1/sums', bearer('rgt_secret-of-somebody'));
  expect([unknown.status, unknown.headers.get('content-type'), unknown.headers.get('www-authenticate')]).toEqual([
    401,
    'application/problem+json',
    'Bearer realm="rearguard", error="invalid_token"',
  ]);
  expect(unknown.body).toMatchObject({ code: 'UNAUTHENTICATED', retry: false });
  expect(lines.at(-1)).toMatchObject({ status: 401, from: '192.0.2.1' });
  for (const odd of ['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer a b', 'Bearer ü', 'rgt_v-1'])
    expect((await ask('GET', '/api/v1/sums', { authorization: encodeURI(odd).replaceAll('%20', ' ') })).status).toBe(401);
  const nobody = await ask('GET', '/api/v1/sums', bearer('rgt_n-1'));
  expect([nobody.status, nobody.body]).toEqual([
    403,
    expect.objectContaining({ detail: expect.stringContaining('nobody-yet has no role here') }),
  ]);
  await ask('GET', '/api/v1/sums', bearer('rgt_o-1'));
  expect(lines.at(-1)).toMatchObject({ caller: 'the-operator', path: '/api/v1/sums' });
  expect(lines.at(-1)).not.toHaveProperty('from');
  expect(JSON.stringify(lines) + unknown.text + nobody.text).not.toMatch(/rgt_|dXNlcjpwYXNz/);
});

test('whoever tries many tokens waits, others do not; who has one is not counted', async () => {
  for (let n = 0; n < 30; n += 1) await ask('GET', '/api/v1/nowhere', bearer('rgt_o-1'));
  for (let n = 0; n < 20; n += 1) expect((await ask('GET', '/api/v1/sums', bearer(`rgt_${n}`))).status).toBe(401);
  const limited = await ask('GET', '/api/v1/nowhere', bearer('rgt_v-1'));
  expect([limited.status, limited.headers.get('retry-after'), limited.body]).toEqual([
    429,
    '60',
    expect.objectContaining({ code: 'TOO_MANY_REQUESTS', retry: true }),
  ]);
  expect((await ask('GET', '/api/v1/nowhere', { ...bearer('rgt_v-1'), from: '::ffff:192.0.2.1' })).status).toBe(429);
  expect((await ask('GET', '/api/v1/nowhere', { ...bearer('rgt_a-1'), from: '192.0.2.2' })).status).toBe(404);
  clock.advance(59_000);
  expect((await ask('GET', '/api/v1/nowhere', bearer('rgt_v-1'))).headers.get('retry-after')).toBe('1');
  clock.advance(1_000);
  expect((await ask('GET', '/api/v1/nowhere', bearer('rgt_v-1'))).status).toBe(404);
});

test('whoever comes through the same proxy goes on with the token that was good before, until it is withdrawn', async () => {
  let held: Record<string, { name: string; role: Role }> = { rgt_mine: { name: 'ann', role: 'viewer' } };
  open({ open: false, of: async (token) => held[token] });
  const mine = async () => (await ask('GET', '/api/v1/nowhere', bearer('rgt_mine'))).status;
  expect(await mine()).toBe(404);
  for (let n = 0; n < 21; n += 1) await ask('GET', '/api/v1/nowhere', bearer(`rgt_${n}`));
  expect([(await ask('GET', '/api/v1/nowhere', bearer('rgt_21'))).status, await mine()]).toEqual([429, 404]);
  held = {};
  expect([await mine(), await mine()]).toEqual([401, 429]);
});

test('nobody is let in on trust while those who would know are away', async () => {
  open({ open: false, of: () => Promise.reject(new Fault('CALLERS_UNKNOWABLE', 'the issuer does not answer')) });
  const answer = await ask('GET', '/api/v1/sums', bearer('a.b.c'));
  expect([answer.status, answer.headers.get('retry-after'), answer.body]).toEqual([
    503,
    '2',
    expect.objectContaining({ code: 'CALLERS_UNKNOWABLE', retry: true }),
  ]);
});

test('where no credential is configured, none is asked for and none is looked at', async () => {
  const of = vi.fn(openToAll.of);
  open({ ...openToAll, of });
  expect((await ask('GET', '/api/v1/nowhere')).status).toBe(404);
  expect((await ask('GET', '/api/v1/nowhere', bearer('rgt_v-1'))).status).toBe(404);
  expect(of).not.toHaveBeenCalled();
  expect(lines.at(-1)).not.toHaveProperty('caller');
});

test('the document says of each operation which role it needs, and how it may refuse', async () => {
  const { body } = await ask('GET', '/openapi.json');
  const { paths, components } = body as {
    paths: Record<string, Record<string, { security: unknown; responses: object }>>;
    components: { securitySchemes: Record<string, object> };
  };
  expect(components.securitySchemes).toMatchObject({ bearer: { type: 'http', scheme: 'bearer' } });
  for (const { path, method, role } of API_ROUTES) {
    expect(paths[path]?.[method]?.security).toEqual([{ bearer: [role] }]);
    expect(Object.keys(paths[path]?.[method]?.responses ?? {})).toEqual(expect.arrayContaining(['401', '403', '429']));
  }
});

test('a viewer reads a document without the values of its Secrets and of what its services are configured with; whoever may change it, and whoever is not asked, reads all', async () => {
  clock = handClock();
  const COPY = 'kubectl.kubernetes.io/last-applied-configuration';
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db', annotations: { [COPY]: '{"stringData":{"password":"hunter2"}}' } },
    stringData: { password: 'hunter2' },
    data: { key: 'aHVudGVyMg==' },
  };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'once' },
    spec: { containers: [{ name: 'a', image: 'busybox:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } }] },
  };
  const document = {
    apiVersion: 'rearguard.dev/v1',
    kind: 'Intent',
    metadata: { name: 'web' },
    spec: {
      workload: { manifests: [secret, pod] },
      services: [{ name: 'orders', category: 'database', configuration: { username: 'me', password: 'hunter2' } }],
    },
  };
  const { processes } = memoryProcesses({ clock });
  const { inventory, contracts } = memoryInventory({ clock });
  const signer = signerAt('alice.example:3004', clock);
  const deps = {
    processes,
    inventory,
    contracts,
    ...memoryRecords({ clock }),
    signer,
    clock,
    bodyLimitBytes: 20_000,
  } as unknown as ApiDeps;
  const log = { info: () => {}, error: () => {} };
  const documentFor = async (who: Callers, headers: Record<string, string> = {}): Promise<unknown> => {
    app = managementApi(deps, { log, version: '0', loopbackOnly: false, callers: who });
    const { body } = await ask('GET', '/api/v1/intents/web', headers);
    return (body as { document: unknown }).document;
  };
  await processes.startIntent({ name: intentName('web'), document });
  const hidden = {
    ...secret,
    metadata: { ...secret.metadata, annotations: { [COPY]: '(not for viewers)' } },
    stringData: { password: '(not for viewers)' },
    data: { key: '(not for viewers)' },
  };
  const [orders] = document.spec.services;
  const services = [{ ...orders, configuration: { username: '(not for viewers)', password: '(not for viewers)' } }];
  const shown = { ...document, spec: { workload: { manifests: [hidden, pod] }, services } };
  expect(await documentFor(callers, bearer('rgt_v-1'))).toEqual(shown);
  expect(await documentFor(callers, bearer('rgt_o-1'))).toEqual(document);
  expect(await documentFor(openToAll)).toEqual(document);
});
