/** A stranger who sends without end is told to wait; nobody else is. */
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';

let node: RearNode;
const open = async (requestsPerSecond: number): Promise<void> => {
  node = await rearNode({ name: 'north', clock: handClock(), options: { requestsPerSecond } });
  await node.memory.inventory.publish(sliceOf(node.identity, { id: flavorId('slice') }));
};
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setInterval'] }));
afterEach(async () => {
  vi.useRealTimers();
  await node.close();
});

/** A connection from an address that this machine has not. */
function connection(remoteAddress: string) {
  const socket = { remoteAddress };
  return async (accept = '*/*', path = '/api/v2/flavors'): Promise<Response> => {
    const incoming = { socket, method: 'GET', url: path, headers: { accept } } as unknown as IncomingMessage;
    return await node.routes.fetch(new Request(`http://north.example${path}`), { incoming, outgoing: {} as never });
  };
}
const statuses = async (times: number, call: () => Promise<Response>): Promise<Readonly<Record<number, number>>> => {
  const counted: Record<number, number> = {};
  for (let n = 0; n < times; n += 1) {
    const { status } = await call();
    counted[status] = (counted[status] ?? 0) + 1;
  }
  return counted;
};

test('so many in ten seconds, over all of its connections and paths; then it waits, and is served again', async () => {
  await open(2);
  expect(await statuses(15, connection('198.51.100.7'))).toEqual({ 200: 15 });
  vi.advanceTimersByTime(4_000);
  expect(await statuses(10, connection('::ffff:198.51.100.7'))).toEqual({ 200: 5, 429: 5 });
  const refused = await connection('198.51.100.7')();
  expect([refused.headers.get('retry-after'), refused.headers.get('content-type')]).toEqual(['6', 'text/plain; charset=utf-8']);
  expect(await refused.text()).toBe('Error: too many requests from this address\n');
  expect((await connection('198.51.100.7')('*/*', '/nowhere')).status).toBe(429);
  const problem = await connection('198.51.100.7')('application/problem+json');
  expect([problem.status, problem.headers.get('retry-after'), await problem.json()]).toEqual([
    429,
    '6',
    expect.objectContaining({ code: 'TOO_MANY_REQUESTS', status: 429 }),
  ]);
  vi.advanceTimersByTime(6_001);
  expect((await connection('198.51.100.7')()).status).toBe(200);
});

test('a network of IPv6 is one source, each IPv4 address its own', async () => {
  await open(1);
  expect(await statuses(10, connection('2001:db8:0:1::1'))).toEqual({ 200: 10 });
  expect(await statuses(1, connection('2001:db8:0:1:ffff::2'))).toEqual({ 429: 1 });
  expect(await statuses(10, connection('2001:db8:0:2::1'))).toEqual({ 200: 10 });
  expect(await statuses(10, connection('198.51.100.7'))).toEqual({ 200: 10 });
  expect(await statuses(10, connection('198.51.100.8'))).toEqual({ 200: 10 });
});

test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('our own machine has no limit (%s)', async (address) => {
  await open(1);
  expect(await statuses(50, connection(address))).toEqual({ 200: 50 });
});

test('0 is none', async () => {
  await open(0);
  expect(await statuses(50, connection('198.51.100.7'))).toEqual({ 200: 50 });
});

test('the answers carry nothing that a FLUIDOS node would not say', async () => {
  await open(500);
  const { headers } = await rawCall(node.port, 'GET', '/api/v2/flavors');
  expect(Object.keys(headers).filter((name) => name.toLowerCase().includes('limit'))).toEqual([]);
  expect([...(await connection('198.51.100.7')()).headers.keys()]).toEqual(['content-type']);
});
