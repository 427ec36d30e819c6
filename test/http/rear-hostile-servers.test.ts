/** What a seller can do to its buyer: nothing but be refused. */
import type { RequestListener } from 'node:http';
import net from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RearHttpLimits } from '../../src/adapters/rear-http/calls.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { isFault } from '../../src/domain/faults.ts';
import { acquisitionId, flavorId, transactionId } from '../../src/domain/ids.ts';
import type { Peer } from '../../src/ports/peer.ts';
import { codeOf } from '../contracts/peer.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { handClock, identityOf } from '../fakes/samples.ts';

const buyer = identityOf('south');
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
/** Roomy in time, so that a busy machine changes nothing. */
const LIMITS: Partial<RearHttpLimits> = {
  describeMs: 15_000,
  listMs: 15_000,
  reserveMs: 15_000,
  purchaseMs: 15_000,
  extensionMs: 15_000,
  listBytes: 50_000,
  answerBytes: 50_000,
};
/** For who never answers completely. */
const IMPATIENT: Partial<RearHttpLimits> = { ...LIMITS, listMs: 300, reserveMs: 300 };
vi.setConfig({ testTimeout: 30_000 });

const DESCRIPTION = JSON.stringify({
  protocol: 'REAR',
  version: '2.0.0',
  dialect: 'rearguard',
  extensions: ['release', 'terminate', 'contract', 'notice', 'credentials'],
});

/** A seller that describes itself as one of ours (or as a FLUIDOS node), and answers all else as it likes. */
async function seller(handler: RequestListener, dialect: 'rearguard' | 'fluidos' = 'rearguard', limits = LIMITS): Promise<Peer> {
  const { address, close } = await strangeServer((request, response) => {
    if (request.url !== '/.well-known/rear') handler(request, response);
    else if (dialect === 'fluidos') response.writeHead(404).end('404 page not found\n');
    else response.end(DESCRIPTION);
  });
  closing.push(close);
  return httpPeers({ clock: handClock(), limits }).at(address);
}
const says =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };
const reserve = (peer: Peer) =>
  peer.reserve({ flavor: flavorId('a'), buyer, part: { cpu: '1', memory: '1Gi', pods: '1' }, idempotencyKey: acquisitionId('k-1') });
const purchase = (peer: Peer) => peer.purchase({ transaction: transactionId('5f-1'), buyer });

describe('LIST answers that are no lists', () => {
  test.each([
    ['nothing', ''],
    ['HTML', '<html>hello</html>'],
    ['an object', '{"flavors":[]}'],
    ['a text', '"flavors"'],
    ['a number', '1e400'],
    ['half a list', '[{"flavorID":"a"'],
    ['an abyss', '['.repeat(100_000 / 4) + ']'.repeat(100_000 / 4)],
    ['binary', '\u0000\u0001\ufffd'],
  ])('%s is PEER_LIED', async (_what, text) => {
    expect(await codeOf((await seller(says(200, text))).listFlavors())).toBe('PEER_LIED');
  });

  test.each([[201], [206], [400], [401], [404], [418]])('status %d is a refusal', async (status) => {
    expect(await codeOf((await seller(says(status, '[]'))).listFlavors())).toMatch(/PEER_REFUSED|BUYER_REFUSED/);
  });
  test.each([[500], [502], [503]])('status %d may pass', async (status) => {
    expect(await codeOf((await seller(says(status, ''))).listFlavors())).toBe('PEER_UNREACHABLE');
  });
  test.each([
    ['204', says(204, '')],
    ['null', says(200, 'null', { 'content-type': 'text/html' })],
    ['[]', says(200, '[] and more')],
  ])('%s is an empty list', async (_what, handler) => {
    expect(await (await seller(handler)).listFlavors()).toEqual({ flavors: [], unreadable: [] });
  });

  test('rows that lie are left out and told; one id twice counts once', async () => {
    const row = { flavorID: 'a', type: { name: 'k8slice', data: {} }, owner: { IP: 'a.example:1' } };
    const rows = [
      row,
      row,
      { flavorID: 'b' },
      null,
      { ...row, flavorID: 'c', price: { amount: '1e9', currency: 'EUR', period: 'hourly' } },
    ];
    const { flavors, unreadable } = await (await seller(says(200, JSON.stringify(rows)))).listFlavors();
    expect({ ids: flavors.map(({ id }) => id), unreadable: unreadable.length }).toEqual({ ids: ['a'], unreadable: 4 });
  });

  test('huge numbers and huge texts are rows that cannot be read', async () => {
    const row = (change: object) => ({ flavorID: 'a', type: { name: 'k8slice', data: change }, owner: { IP: 'a.example:1' } });
    const rows = [
      row({ charateristics: { cpu: `1e${'9'.repeat(50)}` } }),
      row({ charateristics: { cpu: '9'.repeat(5_000) } }),
      row({ properties: { latency: 1e300 } }),
      { ...row({}), providerID: 'x'.repeat(10_000) },
    ];
    const { flavors, unreadable } = await (await seller(says(200, JSON.stringify(rows)))).listFlavors();
    expect({ flavors, unreadable: unreadable.length }).toEqual({ flavors: [], unreadable: 4 });
  });
});

describe('answers without end', () => {
  test('an endless body is cut off at the limit', async () => {
    let sent = 0;
    const peer = await seller((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(10_000))) sent += 10_000;
      };
      response.on('drain', more);
      more();
    });
    expect(await codeOf(peer.listFlavors())).toBe('PEER_LIED');
    expect(sent).toBeLessThan(20_000_000);
  });

  test('a compressed bomb is cut off too', async () => {
    const { gzipSync } = await import('node:zlib');
    const bomb = gzipSync(Buffer.alloc(5_000_000, ' '));
    const peer = await seller((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    expect(await codeOf(peer.listFlavors())).toBe('PEER_LIED');
  });

  test('silence is PEER_TIMEOUT, and so is a body that trickles', async () => {
    const silent = await seller(() => {}, 'rearguard', IMPATIENT);
    expect(await codeOf(silent.listFlavors())).toBe('PEER_TIMEOUT');
    expect(await codeOf(reserve(silent))).toBe('PEER_TIMEOUT');
    const timers: NodeJS.Timeout[] = [];
    const trickling = await seller(
      (_request, response) => {
        response.writeHead(200);
        timers.push(setInterval(() => response.write(' '), 20));
      },
      'rearguard',
      IMPATIENT,
    );
    const started = Date.now();
    expect(await codeOf(trickling.listFlavors())).toBe('PEER_TIMEOUT');
    expect(Date.now() - started).toBeLessThan(10_000);
    timers.forEach(clearInterval);
  });

  test('headers without end, and what is not HTTP, are lies', async () => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(`HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1_000)}\r\n`.repeat(200)}`);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const peers = httpPeers({ clock: handClock(), limits: LIMITS });
    expect(await codeOf(peers.at(`127.0.0.1:${port}`).describe())).toBe('PEER_LIED');
    await new Promise((resolve) => server.close(resolve));
  });

  test('a connection that breaks: a question may be asked again, a POST may have taken effect', async () => {
    const peer = await seller((request) => request.socket.destroy());
    expect(await codeOf(peer.listFlavors())).toBe('PEER_UNREACHABLE');
    expect(await codeOf(reserve(peer))).toBe('PEER_TIMEOUT');
  });
});

describe('redirects', () => {
  test.each([[301], [302], [303], [307], [308]])('%d is not followed', async (status) => {
    let followed = 0;
    const trap = await strangeServer((_request, response) => {
      followed += 1;
      response.end('[]');
    });
    closing.push(trap.close);
    for (const dialect of ['rearguard', 'fluidos'] as const) {
      const peer = await seller(says(status, '', { location: `http://${trap.address}/api/v2/flavors` }), dialect);
      expect(await codeOf(peer.listFlavors())).toBe('PEER_LIED');
      expect(await codeOf(reserve(peer))).toBe('PEER_LIED');
      expect(await codeOf(purchase(peer))).toBe('PEER_LIED');
    }
    expect(followed).toBe(0);
  });
});

describe('RESERVE and PURCHASE', () => {
  const dialects = ['rearguard', 'fluidos'] as const;
  test.each([
    ['{}', 'PEER_LIED'],
    ['null', 'PEER_LIED'],
    ['{"transactionID":""}', 'PEER_LIED'],
    ['{"transactionID":"../../x"}', 'PEER_LIED'],
    ['{"transactionID":7}', 'PEER_LIED'],
    ['[]', 'PEER_LIED'],
  ])('a transaction %s is %s', async (text, code) => {
    for (const dialect of dialects) expect(await codeOf(reserve(await seller(says(200, text), dialect)))).toBe(code);
  });

  test.each([
    [500, 'Error getting the Flavor by ID\n', 'FLAVOR_GONE'],
    [400, 'Configuration type not supported\n', 'CONFIGURATION_INVALID'],
    [500, 'Error casting the flavor data to ServiceFlavor\n', 'PEER_REFUSED'],
    [400, 'Error: LiqoID not provided\n', 'PEER_REFUSED'],
    [503, '', 'PEER_UNREACHABLE'],
    [404, '', 'FLAVOR_GONE'],
    [409, '', 'NOT_ENOUGH'],
    [403, '', 'BUYER_REFUSED'],
    [429, '', 'TOO_MANY_HOLDS'],
  ])('a FLUIDOS seller that answers RESERVE with %d %j: %s', async (status, text, code) => {
    expect(await codeOf(reserve(await seller(says(status, text), 'fluidos')))).toBe(code);
  });

  test.each([
    [500, 'Error getting the Transaction\n', 'HOLD_EXPIRED'],
    [408, 'Error: transaction Timeout\n', 'HOLD_EXPIRED'],
    [500, 'Error creating the Contract: contracts "x" already exists\n', 'PEER_REFUSED'],
    [400, 'Error: Liqo credentials not provided\n', 'PEER_REFUSED'],
  ])('a FLUIDOS seller that answers PURCHASE with %d %j: %s, and the transaction is burnt', async (status, text, code) => {
    const error = await purchase(await seller(says(status, text), 'fluidos')).catch((reason: unknown) => reason);
    expect(isFault(error) ? { code: error.code, burnt: error.facts['burnt'] } : error).toEqual({ code, burnt: true });
  });

  test('a seller, or what stands before it, that has too many requests may be asked again: nothing is burnt', async () => {
    for (const dialect of dialects) {
      const error = await purchase(await seller(says(429, ''), dialect)).catch((reason: unknown) => reason);
      expect(isFault(error) ? { code: error.code, burnt: error.facts['burnt'] } : error).toEqual({
        code: 'PEER_UNREACHABLE',
        burnt: undefined,
      });
    }
  });

  test('a problem document tells the fault itself, unless it is nobody’s', async () => {
    const problem = (code: string) => says(409, JSON.stringify({ code, detail: 'why' }), { 'content-type': 'application/problem+json' });
    expect(await codeOf(reserve(await seller(problem('NOT_ENOUGH'))))).toBe('NOT_ENOUGH');
    expect(await codeOf(reserve(await seller(problem('STORE_UNAVAILABLE'))))).toBe('PEER_UNREACHABLE');
    expect(await codeOf(reserve(await seller(problem('TOO_MANY_REQUESTS'))))).toBe('PEER_UNREACHABLE');
    expect(await codeOf(reserve(await seller(problem('INTENT_INVALID'))))).toBe('PEER_REFUSED');
    expect(await codeOf(reserve(await seller(problem('constructor'))))).toBe('NOT_ENOUGH');
  });

  test('its words are shown on one line, short, without control characters', async () => {
    const error = await reserve(await seller(says(400, `no\u0007\n\u001b[31m ${'x'.repeat(5_000)}`))).catch((reason: unknown) => reason);
    expect(isFault(error) ? error.message : '').toMatch(/^no \[31m x{200,292}$/);
  });

  test('a contract of another transaction, buyer or cluster is a lie', async () => {
    const base = {
      contractID: 'c-1',
      transactionID: '5f-1',
      flavor: { flavorID: 'a', type: { name: 'k8slice', data: {} }, owner: { IP: 'a:1' } },
      buyerID: { ID: buyer.id },
      buyerClusterID: buyer.clusterId,
      seller: { ID: 'n', additionalInformation: { liqoID: 'north-1' } },
      peeringTargetCredentials: { clusterID: 'north-1', kubeconfig: 'YQ==' },
      expirationTime: '2027-03-04T05:10:00Z',
    };
    const answered = async (change: object) => await codeOf(purchase(await seller(says(200, JSON.stringify({ ...base, ...change })))));
    expect(await answered({})).toBe('answered');
    expect(await answered({ transactionID: '5f-2' })).toBe('PEER_LIED');
    expect(await answered({ buyerID: { ID: 'x' } })).toBe('PEER_LIED');
    expect(await answered({ buyerClusterID: 'x' })).toBe('PEER_LIED');
    expect(await answered({ peeringTargetCredentials: { clusterID: 'north-2', kubeconfig: 'YQ==' } })).toBe('PEER_LIED');
    expect(await answered({ peeringTargetCredentials: { clusterID: 'north-1', kubeconfig: '' } })).toBe('PEER_LIED');
  });
});

describe('the caller', () => {
  test('may go away in the middle of a call', async () => {
    const { address, close } = await strangeServer((request, response) => {
      if (request.url === '/.well-known/rear') response.end(DESCRIPTION);
    });
    closing.push(close);
    const peers = httpPeers({ clock: handClock() });
    await peers.at(address).describe();
    const abort = new AbortController();
    const reason = new Error('cancelled');
    setTimeout(() => abort.abort(reason), 50);
    await expect(peers.at(address, { signal: abort.signal }).listFlavors()).rejects.toBe(reason);
  });

  test.each(['', 'ftp://x', 'http://user:secret@x', 'http://x/?a=b', 'x y', 'x:1/path', '127.0.0.1:1#x'])(
    'is told that %j is no address',
    async (address) => {
      expect(await codeOf(httpPeers({ clock: handClock() }).at(address).describe())).toBe('PEER_REFUSED');
    },
  );
});
