/** What a buyer, or anybody, can do to a seller: nothing but be refused, quickly and in bounded memory. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { flavorId } from '../../src/domain/ids.ts';
import { rawBytes, rawCall } from '../fakes/raw-http.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';

/** Roomy, so that a busy machine changes nothing. */
vi.setConfig({ testTimeout: 30_000 });

const clock = handClock();
let node: RearNode;
beforeAll(async () => {
  node = await rearNode({ name: 'north', clock, options: { bodyLimitBytes: 4_096, bodyTimeoutMs: 1_000 }, requestTimeoutMs: 2_000 });
  await node.memory.inventory.publish(sliceOf(node.identity, { id: flavorId('slice') }));
});
afterAll(async () => {
  await node.close();
});

/** Every route that reads a body. */
const POSTS = [
  '/api/v2/reservations',
  '/api/v2/transactions/5f-1/purchase',
  '/api/v2/reservations/release',
  '/api/v2/contracts/c-1/terminate',
  '/api/v2/contracts/c-1/notice',
  '/api/v2/contracts/c-1/credentials',
];

describe.each(POSTS)('POST %s', (path) => {
  const post = (body: string, headers: Record<string, string> = {}) => rawCall(node.port, 'POST', path, { body, headers });

  test.each([
    ['nothing', ''],
    ['a text', '"x"'],
    ['a list', '[]'],
    ['a number', '1e999'],
    ['an abyss', `{"a":${'['.repeat(1_500)}${']'.repeat(1_500)}}`],
    ['half a body', '{"buyerID":{"ID":"x"'],
    ['binary', '\u0000\u0001'],
    ['lone surrogates', '{"buyerID":{"ID":"\\ud800"},"flavorID":"\\udfff"}'],
    ['prototype keys', '{"__proto__":{"buyerID":{"ID":"x"}},"constructor":1,"buyerID":{"__proto__":{"ID":"x"},"toString":"y"}}'],
    ['texts as objects', '{"buyerID":"x","flavorID":{},"ending":"done","idempotencyKey":[]}'],
  ])('%s is refused', async (_what, body) => {
    const { status, text } = await post(body);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(501);
    expect(text).not.toMatch(/at .*\.ts|node_modules|Internal/);
  });

  test('a body that is too large is refused by its announced length, and by its real one', async () => {
    expect((await post('x'.repeat(5_000))).status).toBe(413);
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`;
    const got = await rawBytes(
      node.port,
      `POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(6)}`,
      2_000,
    );
    expect(got).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a body that does not come is not waited for', async () => {
    const started = Date.now();
    const got = await rawBytes(node.port, `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"a`, 15_000);
    expect(got).toMatch(/^HTTP\/1\.1 408 /);
    expect(Date.now() - started).toBeLessThan(12_000);
  });
});

test.each([
  ['nothing', ''],
  ['a NUL', 'k\u0000'],
  ['half a character', 'k\ud800'],
  ['a space', 'k k'],
  ['a novel', 'k'.repeat(201)],
])('a release by a key of %s is a bad request', async (_what, idempotencyKey) => {
  const release = (key: string) =>
    rawCall(node.port, 'POST', '/api/v2/reservations/release', { body: JSON.stringify({ buyerID: { ID: 'x' }, idempotencyKey: key }) });
  expect((await release(idempotencyKey)).status).toBe(400);
  expect((await release('k')).status).toBe(204);
});

describe('connections', () => {
  test('headers that trickle are cut off', async () => {
    const started = Date.now();
    const got = await rawBytes(node.port, 'GET /api/v2/flavors HTTP/1.1\r\nhost: x\r\n', 20_000, (socket) => {
      const timer = setInterval(() => socket.write('x: y\r\n'), 100);
      socket.on('close', () => clearInterval(timer));
    });
    expect(got === '' || got.startsWith('HTTP/1.1 408')).toBe(true);
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['headers without end', `GET / HTTP/1.1\r\nhost: x\r\n${`a: ${'b'.repeat(1_000)}\r\n`.repeat(40)}\r\n`],
    ['two lengths', 'POST /api/v2/reservations HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello'],
    [
      'length and chunks',
      'POST /api/v2/reservations HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a space in the path', 'GET /api/v2/flavors/k8slice?filter[architecture][match]=a b HTTP/1.1\r\nhost: x\r\n\r\n'],
  ])('%s is refused', async (_what, bytes) => {
    expect(await rawBytes(node.port, bytes, 10_000)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  test('paths that climb, and absolute ones, reach nothing else', async () => {
    for (const path of [
      '/api/v2/../../etc/passwd',
      '/%2e%2e/flavors',
      '//api/v2/flavors',
      '/api/v2/contracts/%00',
      '/api/v2/contracts/%E0%A4%A',
    ]) {
      const { status, text } = await rawCall(node.port, 'GET', path);
      expect([301, 400, 404]).toContain(status);
      expect(text).not.toContain('flavorID');
    }
  });

  test('after all this the node still sells', async () => {
    expect((await rawCall(node.port, 'GET', '/api/v2/flavors')).status).toBe(200);
    expect(node.memory.holds()).toHaveLength(0);
    expect(Object.hasOwn(Object.prototype, 'ID')).toBe(false);
  });
});

describe('queries', () => {
  test('thousands of different ones are answered and not kept', async () => {
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_each, n) => rawCall(node.port, 'GET', `/api/v2/flavors/k8slice?filter[cpu][range][min]=${n}`)),
    );
    expect(answers.filter(({ text }) => text !== '[]')).toHaveLength(9);
  });

  test('a very long one', async () => {
    const { status } = await rawCall(node.port, 'GET', `/api/v2/flavors/k8slice?${'filter[cpu][match]=8&'.repeat(500)}`);
    expect(status).toBe(200);
  });
});
