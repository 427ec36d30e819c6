/** The management API over memory, made anew before each test; what it answers is held against what its document promises. */
import { beforeEach, expect } from 'vitest';
import { API_PREFIX, API_ROUTES, managementApi } from '../../src/http/api/app.ts';
import type { ApiDeps } from '../../src/http/api/route.ts';
import { signerAt } from '../fakes/keys.ts';
import { openToAll } from '../fakes/callers.ts';
import { type MemoryAudit, memoryAudit } from '../fakes/memory-audit.ts';
import { type MemoryInventory, memoryInventory } from '../fakes/memory-inventory.ts';
import { type MemoryProcesses, memoryProcesses } from '../fakes/memory-processes.ts';
import { type MemoryRecords, memoryRecords } from '../fakes/memory-records.ts';
import { handClock, identityOf } from '../fakes/samples.ts';

export const clock = handClock();
export const seller = identityOf('seller');
export const buyer = identityOf('buyer');
export let fake: MemoryProcesses;
export let history: MemoryAudit;
export let store: MemoryInventory;
export let records: MemoryRecords;
export let errors: object[];
export let lines: object[];
export let app: ReturnType<typeof managementApi>;
export let deps: ApiDeps;

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
    blueprints: { page: async () => ({ items: [] }) },
    contracts: store.contracts,
    ...records,
    audit: history.audit,
    chain: history.chain,
    signer: signerAt('alice.example:3004', clock),
    clock,
    limitsOf: () => ({ holds: 5, cpu: '64' }),
    bodyLimitBytes: 20_000,
  };
  const log = { info: (facts: object) => void lines.push(facts), error: (facts: object) => void errors.push(facts) };
  app = managementApi(deps, { log, version: '0.0.0', loopbackOnly: true, callers: openToAll });
});

export const HOST = { host: '127.0.0.1:3005' };
export const JSON_TYPE = { 'content-type': 'application/json' };
export const document = (name = 'web', cpu = '100m') => ({
  apiVersion: 'rearguard.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: { workload: { namespace: 'shop' }, resources: { cpu, memory: '64Mi', pods: 1 } },
});
export async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
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
