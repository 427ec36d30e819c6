/** LIST_FLAVORS at the seller: our notes' tables 1, 2.1, 2.2 and 2.3, row by row. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import { flavorId } from '../../src/domain/ids.ts';
import { memoryInventory } from '../fakes/memory-inventory.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, sliceOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });

const clock = handClock();
let node: RearNode;
let empty: RearNode;
const idsOf = (text: string): string[] => (JSON.parse(text) as { flavorID: string }[]).map(({ flavorID }) => flavorID);

beforeAll(async () => {
  [node, empty] = [await rearNode({ name: 'north', clock }), await rearNode({ name: 'void', clock })];
  const slice = sliceOf(node.identity, { id: flavorId('small') });
  await node.memory.inventory.publish(slice);
  const { offer } = slice;
  const resources = { cpu: '32', memory: '64Gi', pods: '200', storage: '100Gi' };
  await node.memory.inventory.publish({ ...slice, id: flavorId('large'), offer: { ...offer, architecture: 'arm64', resources } });
  await node.memory.inventory.publish({ ...slice, id: flavorId('off'), available: false });
  const service = { category: 'database', tags: ['mysql', 'sql'], hostingPolicies: [], configurationTemplate: { type: 'object' } };
  const db = { ...slice, id: flavorId('db'), offer: { ...service, kind: 'service' as const, name: 'a <b> & c', description: '' } };
  await node.memory.inventory.publish(db);
});
afterAll(async () => {
  await node.close();
  await empty.close();
});

describe('transport', () => {
  test.each([
    ['GET', '/', 404],
    ['GET', '/api/v2/flavors/', 404],
    ['GET', '/api/v2/flavors/sensor', 404],
    ['POST', '/api/v2/flavors/vm', 405],
    ['GET', '/api/v2/transactions/a/b/purchase', 404],
    ['POST', '/api/v2/flavors', 405],
    ['HEAD', '/api/v2/flavors', 405],
    ['DELETE', '/api/v2/flavors/k8slice', 405],
    ['GET', '/api/v2/reservations', 405],
    ['PUT', '/api/v2/transactions/x/purchase', 405],
  ])('%s %s is %d, in the words of the reference', async (method, path, status) => {
    const answer = await rawCall(node.port, method, path);
    expect(answer.status).toBe(status);
    if (status === 405) expect({ text: answer.text, allow: answer.headers['allow'] }).toEqual({ text: '', allow: undefined });
    else {
      expect(answer.text).toBe('404 page not found\n');
      expect(answer.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    }
  });

  test('until Liqo told our cluster id, known routes answer 503 with an empty body', async () => {
    empty.setReady(false);
    for (const [method, path] of [
      ['GET', '/api/v2/flavors'],
      ['POST', '/api/v2/reservations'],
      ['GET', '/.well-known/rear'],
    ] as const) {
      expect(await rawCall(empty.port, method, path)).toMatchObject({ status: 503, text: '' });
    }
    expect((await rawCall(empty.port, 'GET', '/nothing')).status).toBe(404);
    empty.setReady(true);
  });
});

describe('GET /api/v2/flavors', () => {
  test('every available flavor, whatever the query', async () => {
    const { status, headers, text } = await rawCall(node.port, 'GET', '/api/v2/flavors?limit=1');
    expect({ status, type: headers['content-type'], ids: idsOf(text).sort() }).toEqual({
      status: 200,
      type: 'application/json',
      ids: ['db', 'large', 'small'],
    });
    expect(text).toContain(String.raw`a \u003cb\u003e \u0026 c`);
    expect(text.endsWith(']')).toBe(true);
  });

  test('none is 204', async () => {
    const { status, headers, text } = await rawCall(empty.port, 'GET', '/api/v2/flavors');
    expect({ status, type: headers['content-type'], text }).toEqual({ status: 204, type: 'application/json', text: '' });
  });

  test.each([
    ['/api/v2/flavors', 'Error getting all the Flavor CRs\n'],
    ['/api/v2/flavors/k8slice', 'Error getting all the Flavor CRs\n'],
    ['/api/v2/flavors/service', 'Error getting the available Flavors\n'],
  ])('a store that fails is 500 at %s', async (path, words) => {
    const { inventory } = memoryInventory({ clock });
    const down = () => Promise.reject(new Fault('STORE_UNAVAILABLE', 'down'));
    const broken = await rearNode({ name: 'broken', clock, ports: { inventory: { ...inventory, changes: down } } });
    expect(await rawCall(broken.port, 'GET', path)).toMatchObject({ status: 500, text: words });
    await broken.close();
  });
});

describe('selectors', () => {
  const k8slice = async (query: string) => await rawCall(node.port, 'GET', `/api/v2/flavors/k8slice${query}`);
  test.each([
    ['', ['large', 'small']],
    ['?', ['large', 'small']],
    ['?filter[cpu][match]=8', ['small']],
    ['?filter[cpu][match]=8000m', ['small']],
    ['?filter%5Bcpu%5D%5Bmatch%5D=8', ['small']],
    ['?filter[cpu][range][min]=8&filter[cpu][range][max]=8', ['small']],
    ['?filter[cpu][range][min]=9', ['large']],
    ['?filter[cpu][range][max]=9', ['small']],
    ['?filter[cpu][range][min]=9&filter[cpu][range][max]=1', []],
    ['?filter[architecture][match]=arm64', ['large']],
    ['?filter[architecture][match]=ARM64', []],
    ['?filter[architecture][match]=', []],
    ['?filter[cpu][match]=8&filter[cpu][match]=32', ['small']],
    ['?filter[cpu][match][min]=32', ['large']],
    // A FLUIDOS node panics on a flavor without storage, and its client forgets `filter` before it.
    ['?filter[storage][range][min]=1Gi', ['large']],
    ['?[storage][range][min]=1Gi', ['large']],
    // Dropped by Go's query parser.
    ['?filter[cpu][match]=32;x', ['large', 'small']],
    ['?filter[cpu][match]=%2B32', ['large']],
  ])('k8slice%s', async (query, ids) => {
    const { status, text } = await k8slice(query);
    expect({ status, ids: idsOf(text).sort() }).toEqual({ status: 200, ids });
  });

  test.each([
    '?filter[cpu][match]=1&filter[cpu][range][min]=1',
    '?filter[cpu][match]=1&filter[cpu][match][min]=1',
    // A FLUIDOS node panics.
    '?filter[cpu][range]=1',
    '?filter[cpu][range][regex]=1',
    '?filter[architecture][range][regex]=a.*',
    '?filter[gpu][match]=1',
    '?filter[price][match]=1',
    '?limit=5',
    '?filter[cpu][match]=',
    '?filter[cpu][match]=4KiB',
    '?filter[cpu][match]=+4',
    '?filter[category][match]=database',
  ])('k8slice%s is 400', async (query) => {
    expect(await k8slice(query)).toMatchObject({ status: 400, text: 'Error building the selector from the URL query parameters\n' });
  });

  test.each([
    ['', 200, ['db']],
    ['?filter[category][match]=database&filter[tags][match]=sql', 200, ['db']],
    ['?filter[category][match]=message-queue', 200, []],
    ['?filter[tags][match]=SQL', 200, []],
    ['?filter[cpu][match]=1', 400, undefined],
    ['?filter[category][range]=1', 400, undefined],
  ])('service%s', async (query, status, ids) => {
    const answer = await rawCall(node.port, 'GET', `/api/v2/flavors/service${query}`);
    expect(answer.status).toBe(status);
    if (ids !== undefined) expect(idsOf(answer.text)).toEqual(ids);
  });

  test('no match is 200 with an empty list', async () => {
    expect(await rawCall(empty.port, 'GET', '/api/v2/flavors/k8slice')).toMatchObject({ status: 200, text: '[]' });
  });

  test('a problem document for who accepts one', async () => {
    const { status, headers, text } = await rawCall(node.port, 'GET', '/api/v2/flavors/k8slice?limit=5', {
      headers: { accept: 'application/json, application/problem+json' },
    });
    expect({ status, type: headers['content-type'], body: JSON.parse(text) }).toMatchObject({
      status: 400,
      type: 'application/problem+json',
      body: { code: 'BAD_REQUEST', status: 400, detail: expect.stringContaining('unknown key') },
    });
  });
});
