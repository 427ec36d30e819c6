/** One buyer that reserves ten thousand times: it gets what it may have, everybody else is served, and the audit says so without ten thousand rows. */
import http from 'node:http';
import { afterAll, afterEach, beforeEach, expect, inject, it, vi } from 'vitest';
import type { BuyerLimits } from '../../src/domain/buyer-limits.ts';
import { contractOf, flavorId, type TransactionId } from '../../src/domain/ids.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { cloneDatabase } from './database.ts';
import { flavorOf, SELLER } from '../contracts/samples.ts';

vi.setConfig({ testTimeout: 120_000 });

const CALLS = 10_000;
const SIDES = 64;
const FLAVORS = 4;
const db = await cloneDatabase(inject('databases'), { maxConnections: 8 });
afterAll(() => db.drop());
const { inventory, contracts, audit } = db.store;
let agent: http.Agent;
let node: RearNode;

const flavorOfIt = (n: number) => flavorOf(`many-${n % FLAVORS}`, { resources: { cpu: '10000', memory: '20000Gi', pods: '100000' } });
beforeEach(async () => {
  await db.clear();
  for (let n = 0; n < FLAVORS; n += 1) await inventory.publish(flavorOfIt(n));
  agent = new http.Agent({ keepAlive: true, maxSockets: SIDES + 1 });
});
afterEach(async () => {
  agent.destroy();
  await node.close();
});

async function open(limitsOf: (buyer: NodeIdentity) => BuyerLimits, clock: Clock): Promise<void> {
  const purchase = async (transaction: TransactionId) => {
    const lifetimeMs = 60_000;
    const sold = await inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs, limits: limitsOf });
    return sold.terms.id;
  };
  const processes = {
    purchase: ({ transaction }: { transaction: TransactionId }) => purchase(transaction),
    endContract: async () => {},
    noticeToAcquisition: async () => {},
    noticeOfRenewal: async () => {},
  };
  node = await rearNode({
    name: 'north',
    clock,
    options: { limitsOf },
    ports: { inventory, contracts, audit, processes },
  });
}
const post = (
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: Record<string, string> }> =>
  new Promise((resolve, reject) => {
    const accept = 'application/json, application/problem+json';
    const request = http.request({ port: node.port, method: 'POST', path, agent, headers: { accept, ...headers } }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(Buffer.concat(parts).toString()) as Record<string, string> }),
      );
    });
    request.on('error', reject);
    request.end(JSON.stringify(body));
  });
const buyerID = (name: string) => ({
  ID: name,
  IP: `${name}.example:3004`,
  domain: `${name}.example`,
  additionalInformation: { liqoID: `${name}-1` },
});
const reserve = (name: string, n: number) =>
  post(
    '/api/v2/reservations',
    {
      flavorID: flavorId(flavorOfIt(n).id),
      buyerID: buyerID(name),
      configuration: { type: 'k8slice', data: { cpu: '1', memory: '2Gi', pods: '10' } },
    },
    { 'idempotency-key': `${name}-${n}` },
  );

/** Mallory asks as often as she can, until she is through; bob buys one thing after the other meanwhile. */
async function siege() {
  const statuses: Record<string, number> = {};
  const refusals = new Set<string>();
  const asked = { count: 0 };
  const side = async (): Promise<void> => {
    while (asked.count < CALLS) {
      const { status, body } = await reserve('mallory', asked.count++);
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status !== 200) refusals.add(body['detail'] ?? '');
    }
  };
  const flood = Promise.all(Array.from({ length: SIDES }, side));
  const waits: number[] = [];
  for (let n = 0; asked.count < CALLS; n += 1) {
    const from = performance.now();
    const held = await reserve('bob', n);
    expect(held).toMatchObject({ status: 200 });
    const bought = await post(`/api/v2/transactions/${held.body['transactionID']}/purchase`, { buyerID: buyerID('bob') });
    expect(bought).toMatchObject({ status: 200 });
    waits.push(performance.now() - from);
  }
  await flood;
  return { statuses, refusals: [...refusals], waits: waits.toSorted((a, b) => a - b) };
}
const told = async () =>
  (await audit.page({ limit: 1_000 })).items
    .filter(({ kind }) => kind.endsWith('-refused'))
    .map(({ kind, peer, facts }) => [kind, peer, facts['code'], facts['count']]);

const live: Clock = { now: () => Date.now() };
/** All of it in the same ten seconds, however long it takes. */
const STILL: Clock = { now: () => 1_767_225_600_000 };
/** Who does not sign is told of by where it calls from. */
const REFUSED_THERE = ['reservation-refused', '127.0.0.1'] as const;
const FROM_THERE = ['request-refused', '127.0.0.1'] as const;

it.each<[string, BuyerLimits, number, number, string, RegExp, readonly [string, string], Clock]>([
  [
    'as many reservations as it may have',
    { holds: 100 },
    100,
    429,
    'TOO_MANY_HOLDS',
    /all of the 100 open reservations/,
    REFUSED_THERE,
    live,
  ],
  [
    'as much as it may have',
    { holds: 1_000, cpu: '40' },
    40,
    403,
    'LIMIT_REACHED',
    /limit of cpu, .* is 40: 40 in use, 1 wanted/,
    REFUSED_THERE,
    live,
  ],
  [
    'as many answers as it may have',
    { holds: 1_000, requestsPerSecond: 7 },
    70,
    429,
    'TOO_MANY_REQUESTS',
    /more than the 7 requests a second/,
    FROM_THERE,
    STILL,
  ],
])('gets %s, and others are served', async (_, limits, most, status, code, words, as, clock) => {
  await open((buyer) => (buyer.id === 'mallory' ? limits : { holds: 100 }), clock);
  const { statuses, refusals, waits } = await siege();
  expect(statuses).toEqual({ 200: most, [status]: CALLS - most });
  expect(refusals).toEqual([expect.stringMatching(words)]);
  const [mallory] = (await inventory.buyers({ limit: 9 })).items.filter(({ buyer }) => buyer.id === 'mallory');
  expect(mallory).toMatchObject({ holds: most, contracts: 0 });
  // Each was a RESERVE and a PURCHASE; she kept sixty-four connections busy all the time.
  expect(waits.length).toBeGreaterThan(5);
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(2_000);
  expect(await contracts.list({ role: 'seller', living: true })).toHaveLength(waits.length);
  expect(await told()).toEqual([1_000, 100, 10, 1].map((count) => [...as, code, count]));
});
