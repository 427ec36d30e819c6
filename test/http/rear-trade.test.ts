/** RESERVE_FLAVOR at the seller: our notes' table 3, row by row, and what we do where we must differ. */
import { describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { acquisitionId, clusterId, flavorId, nodeId } from '../../src/domain/ids.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { rearNode } from '../fakes/rear-node.ts';
import { sliceOf } from '../fakes/samples.ts';
import { BUYER, DATA, body, clock, node, reserve, reserved } from './trade-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

describe('RESERVE', () => {
  test.each([
    ['1 empty', '', 400, 'EOF\n'],
    ['1 cut short', '{"flavorID":"sl', 400, 'unexpected EOF\n'],
    ['1 not JSON', 'hello', 400, expect.stringContaining('invalid character')],
    ['1 wrong type', body({ flavorID: 5 }), 400, expect.stringContaining('json: cannot unmarshal flavorID')],
    ['1 buyer is a text', body({ buyerID: 'x' }), 400, expect.stringContaining('json: cannot unmarshal buyerID')],
    ['2 null', 'null', 500, 'Error getting the Flavor by ID\n'],
    ['2 a flavor that a database could not read', body({ flavorID: 'a\u0000b' }), 500, 'Error getting the Flavor by ID\n'],
    ['2 unknown flavor', body({ flavorID: 'nobody' }), 500, 'Error getting the Flavor by ID\n'],
    [
      '2 unknown flavor before all else',
      body({ flavorID: 'nobody', configuration: { type: 'vm' } }),
      500,
      'Error getting the Flavor by ID\n',
    ],
    ['4 other type', body({ configuration: { type: 'service', data: {} } }), 400, 'Configuration type not supported\n'],
    ['4 the spelling of CRs', body({ configuration: { type: 'K8Slice', data: DATA } }), 400, 'Configuration type not supported\n'],
    ['5 no data', body({ configuration: { type: 'k8slice' } }), 500, 'Error forging the configuration object\n'],
    ['5 bad quantity', body({ configuration: { type: 'k8slice', data: { cpu: 'x' } } }), 500, 'Error forging the configuration object\n'],
    ['5 data is a list', body({ configuration: { type: 'k8slice', data: [] } }), 500, 'Error forging the configuration object\n'],
    [
      '7 service, no configuration',
      body({ flavorID: 'service', configuration: undefined }),
      500,
      'Error casting the flavor data to ServiceFlavor\n',
    ],
    ['8 service, other type', body({ flavorID: 'service' }), 400, 'Configuration type not supported\n'],
    [
      '9 service with a policy',
      body({ flavorID: 'service', configuration: { type: 'service', data: { hostingPolicy: 'Shared' } } }),
      500,
      'Error casting the flavor data to ServiceFlavor\n',
    ],
    [
      'services are not sold',
      body({ flavorID: 'service', configuration: { type: 'service', data: {} } }),
      400,
      'Flavor type not supported\n',
    ],
    ['10 no liqoID', body({ buyerID: { ID: 'x', IP: 'x:1', domain: 'x' } }), 400, 'Error: LiqoID not provided\n'],
    ['nobody', body({ buyerID: { additionalInformation: { liqoID: 'x-1' } } }), 400, 'Error: buyer ID not provided\n'],
    ['too much', body({ configuration: { type: 'k8slice', data: { ...DATA, cpu: '9' } } }), 409, expect.stringContaining('not enough')],
    ['nothing at all', body({ configuration: { type: 'k8slice', data: {} } }), 400, expect.stringContaining('must be more than 0')],
    [
      'less than nothing',
      body({ configuration: { type: 'k8slice', data: { ...DATA, memory: '-4Gi' } } }),
      400,
      expect.stringContaining('must be more than 0'),
    ],
    [
      'GPUs of a flavor that has none',
      body({ configuration: { type: 'k8slice', data: { ...DATA, gpu: { model: 'x', cores: '1', memory: '1Gi' } } } }),
      400,
      'Error: it has no GPUs\n',
    ],
    [
      'GPUs of another model',
      body({ flavorID: 'gpus', configuration: { type: 'k8slice', data: { ...DATA, gpu: { model: 'H100', cores: '1', memory: '0' } } } }),
      400,
      'Error: the GPUs are of A100, not H100\n',
    ],
    [
      'more GPUs than there are',
      body({ flavorID: 'gpus', configuration: { type: 'k8slice', data: { ...DATA, gpu: { model: 'A100', cores: '3', memory: '0' } } } }),
      409,
      expect.stringContaining('not enough'),
    ],
  ])('row %s', async (_row, text, status, words) => {
    const answer = await reserve(text);
    expect({ status: answer.status, text: answer.text }).toEqual({ status, text: words });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    expect(node.memory.holds()).toHaveLength(0);
  });

  test('success: the Transaction, key by key, without the kubeconfig that came along', async () => {
    const { status, headers, text } = await reserve();
    const id = (JSON.parse(text) as { transactionID: string }).transactionID;
    expect(id).toMatch(/^[0-9a-f]{32}-\d+$/);
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
    expect(text).toBe(
      `{"transactionID":"${id}","flavorID":"slice","configuration":{"type":"k8slice","data":{"cpu":"2","memory":"4Gi","pods":"20"}},` +
        '"buyer":{"ID":"south-node","IP":"192.0.2.10:30000","domain":"south.example","additionalInformation":{"liqoID":"south-1"}},' +
        '"clusterID":"south-1","expirationTime":"2026-11-27T12:05:00Z"}',
    );
  });

  test('without a configuration the whole flavor is held', async () => {
    expect((await reserve(body({ configuration: undefined }))).status).toBe(200);
    expect(node.memory.holds()[0]?.resources).toEqual({ cpu: '8', memory: '16Gi', pods: '100' });
  });

  test('keys in any case, bytes after the value, unknown keys, any content type', async () => {
    const text = body().replace('"flavorID"', '"FLAVORid"').replace('"liqoID"', '"LIQOID"').replace('{', '{"unknown":[1],');
    expect((await reserve(`${text}trailing`, { 'content-type': 'text/html' })).status).toBe(200);
  });

  test('without a key the same buyer and flavor give the same reservation; with one, the key does', async () => {
    expect(await reserved()).toBe(await reserved());
    const [a, b, again] = [
      await reserved({ 'idempotency-key': 'a' }),
      await reserved({ 'idempotency-key': 'b' }),
      await reserved({ 'idempotency-key': 'a' }),
    ];
    expect(a).not.toBe(b);
    expect(again).toBe(a);
  });

  test('holds 60 s with a key, 5 min without', async () => {
    await reserved();
    await reserved({ 'idempotency-key': 'a' });
    clock.advance(61_000);
    expect(node.memory.holds()).toHaveLength(1);
    clock.advance(240_000);
    expect(node.memory.holds()).toHaveLength(0);
  });

  test('another node with the same cluster id, or one that clashes, is refused before any hold', async () => {
    await reserved();
    const thief = body({ buyerID: { ...BUYER, ID: 'thief' } });
    expect((await reserve(thief)).status).toBe(403);
    const clash = body({ buyerID: { ...BUYER, ID: 'deep', additionalInformation: { liqoID: 'deep-south-1' } } });
    expect((await reserve(clash)).status).toBe(403);
    expect(node.memory.holds()).toHaveLength(1);
  });
});

test('who is refused binds no cluster id: the node that it belongs to reserves after it', async () => {
  const squatter = { ...BUYER, ID: 'squatter' };
  for (const flavor of ['slice', 'nothing-of-that-name']) {
    const asks = body({
      buyerID: squatter,
      flavorID: flavor,
      configuration: flavor === 'slice' ? { type: 'k8slice', data: null } : undefined,
    });
    expect((await reserve(asks)).status).toBeGreaterThanOrEqual(400);
  }
  await reserved();
});

describe('where a buyer wants to hear of the end', () => {
  const status = async (IP: string, loopbackBuyers: boolean): Promise<number> => {
    const own = await rearNode({ name: 'own', clock, options: { loopbackBuyers } });
    await own.memory.inventory.publish(sliceOf(own.identity, { id: flavorId('slice') }));
    const answer = await rawCall(own.port, 'POST', '/api/v2/reservations', { body: body({ buyerID: { ...BUYER, IP } }) });
    expect(own.memory.holds()).toHaveLength(answer.status === 200 ? 1 : 0);
    await own.close();
    return answer.status;
  };
  test.each([
    '169.254.169.254',
    '169.254.1.1:3004',
    '[fe80::1]:3004',
    '[::ffff:169.254.169.254]:80',
    '2852039166:80',
    '100.100.100.200:80',
    '[fd00:ec2::254]:80',
    '[64:ff9b::a9fe:a9fe]:80',
    '255.255.255.255:80',
  ])('is nowhere at %s', async (address) => expect(await status(address, true)).toBe(400));
  test.each([
    '127.0.0.1:5432',
    '127.1:80',
    '2130706433:80',
    '0x7f.1:80',
    'localhost:3005',
    'LOCALHOST',
    'db.localhost:1',
    '[::1]:3004',
    '[::ffff:127.0.0.1]:1',
    '[64:ff9b::7f00:1]:1',
    '0.0.0.0:5432',
    '0:80',
    '[::]:3004',
  ])('is not our own machine, %s, unless we are there ourselves', async (address) =>
    expect([await status(address, false), await status(address, true)]).toEqual([400, 200]),
  );
  test.each(['192.0.2.10:30000', '10.0.0.5', 'south.example:3004', '[2001:db8::1]:3004', ''])('may be %j', async (address) =>
    expect(await status(address, false)).toBe(200),
  );
});

describe('what an operator sets', () => {
  test('FLUIDOS buyers are refused unless they are allowed', async () => {
    const strict = await rearNode({ name: 'strict', clock, options: { legacyBuyers: false, limitsOf: () => ({ holds: 2 }) } });
    await strict.memory.inventory.publish(sliceOf(strict.identity, { id: flavorId('slice') }));
    const send = (headers: Record<string, string>) => rawCall(strict.port, 'POST', '/api/v2/reservations', { body: body(), headers });
    expect((await send({})).status).toBe(403);
    expect((await send({ 'idempotency-key': 'a' })).status).toBe(200);
    expect((await send({ 'idempotency-key': 'b' })).status).toBe(200);
    expect((await send({ 'idempotency-key': 'c' })).status).toBe(429);
    expect((await send({ 'idempotency-key': 'a' })).status).toBe(200);
    expect((await send({ 'idempotency-key': 'x'.repeat(201) })).status).toBe(400);
    expect(strict.memory.holds()).toHaveLength(2);
    // Its buyer is told that it passes: no reason to think less of this seller.
    const peer = httpPeers({ clock }).at(strict.identity.address);
    const [buyer, part] = [{ id: nodeId('south-node'), address: BUYER.IP, domain: BUYER.domain, clusterId: clusterId('south-1') }, DATA];
    const call = peer.reserve({ flavor: flavorId('slice'), buyer, part, idempotencyKey: acquisitionId('c') });
    await expect(call).rejects.toMatchObject({ code: 'TOO_MANY_HOLDS' });
    for (let n = 0; n < 20; n += 1) await send({ 'idempotency-key': `flood-${n}` });
    const told = (await strict.audit.page({ limit: 100 })).items.map(({ kind, peer, facts }) => [
      kind,
      peer,
      facts['code'],
      facts['count'],
    ]);
    expect(told).toEqual([
      ...[10, 1].map((count) => ['reservation-refused', '127.0.0.1', 'TOO_MANY_HOLDS', count]),
      ['request-refused', '127.0.0.1', 'BUYER_REFUSED', 1],
    ]);
    await strict.close();
  });
});
