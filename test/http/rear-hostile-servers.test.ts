/** What a seller can do to its buyer: nothing but be refused. */
import net from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { codeOf } from '../contracts/peer-harness.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { handClock } from '../fakes/samples.ts';
import { DESCRIPTION, IMPATIENT, LIMITS, closing, purchase, reserve, says, seller } from './hostile-subject.ts';

vi.setConfig({ testTimeout: 30_000 });

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
    ['[], encoded as Identity,', says(200, '[]', { 'content-encoding': 'Identity' })],
    ['[], encoded as nothing,', says(200, '[]', { 'content-encoding': '' })],
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
  test('a body in chunks that are none is PEER_LIED', async () => {
    const peer = await seller((_request, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n', () => response.socket?.write('none\r\n'));
    });
    expect(await codeOf(peer.listFlavors())).toBe('PEER_LIED');
    expect(await codeOf(reserve(peer))).toBe('PEER_LIED');
  });

  test('one that goes over to another protocol is PEER_LIED, and nobody waits for it', async () => {
    const peer = await seller((_request, response) => {
      response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n');
    });
    expect(await codeOf(peer.listFlavors())).toBe('PEER_LIED');
    expect(await codeOf(reserve(peer))).toBe('PEER_LIED');
  });

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

  test('a compressed bomb is not unpacked', async () => {
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
