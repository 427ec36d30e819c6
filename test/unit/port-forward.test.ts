/** A forwarded port of a pod, through an API server that forwards as Kubernetes' does: each message begins with its channel, and each channel with the port. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, expect, test, vi } from 'vitest';
import { type Way, openWayToPod } from '../../deploy/demo/connecting.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [DATA, ERROR] = [0, 1];
const PORT = Buffer.from([5432 & 0xff, 5432 >> 8]);

/** A binary message of the server's: short, in one frame, not masked. */
const message = (channel: number, content: Buffer | string): Buffer => {
  const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(content)]);
  return Buffer.concat([Buffer.from([0x82, payload.length]), payload]);
};
/** The client's, masked; nothing stands for its close. */
function* messagesIn(bytes: Buffer): Generator<Buffer | undefined> {
  for (let at = 0; at + 6 <= bytes.length; ) {
    const size = (bytes[at + 1] ?? 0) & 0x7f;
    const [mask, body] = [bytes.subarray(at + 2, at + 6), bytes.subarray(at + 6, at + 6 + size)];
    if (bytes[at] === 0x88) yield undefined;
    if (bytes[at] === 0x82) yield Buffer.from(body.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    at += 6 + size;
  }
}

let asked: string[];
let open: Set<Duplex>;
let server: http.Server | undefined;
let way: Way | undefined;
afterEach(async () => {
  await way?.close();
  for (const each of open) each.destroy();
  await new Promise((resolve) => server?.close(resolve));
});

/** An API server whose pods answer so; one that answers no upgrade says 403. */
async function wayTo(pod: ((heard: Buffer, stream: Duplex) => void) | undefined): Promise<Way> {
  [asked, open] = [[], new Set()];
  const api = http.createServer();
  server = api;
  api.on('upgrade', (request: http.IncomingMessage, stream: Duplex) => {
    asked.push(request.url ?? '');
    open.add(stream);
    stream.on('error', () => undefined).on('close', () => open.delete(stream));
    if (!pod) return void stream.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
    stream.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
    );
    stream.write(Buffer.concat([message(DATA, PORT), message(ERROR, PORT)]));
    stream.on('data', (bytes: Buffer) => {
      for (const each of messagesIn(bytes)) {
        if (!each) stream.end(Buffer.from([0x88, 0]));
        else if (each[0] === DATA) pod(each.subarray(1), stream);
      }
    });
  });
  await new Promise<void>((resolve) => void api.listen(0, '127.0.0.1', resolve));
  const { port } = api.address() as net.AddressInfo;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }, { name: 'u' });
  way = await openWayToPod(config, { namespace: 'contract-1', pod: 'database-0', port: 5432 });
  return way;
}
/** What comes back to whoever says this, until it is cut off or has said enough. */
const said = async (port: number, words: string, enough = Number.POSITIVE_INFINITY): Promise<string> => {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(words);
  let heard = '';
  for await (const chunk of socket) {
    heard += String(chunk);
    if (heard.length >= enough) break;
  }
  return heard;
};

test('carries both ways, several at a time, and is cut off on both sides together', async () => {
  const { port } = await wayTo((heard, stream) => void stream.write(message(DATA, `you said ${heard.toString()}`)));
  const both = await Promise.all(['one', 'two'].map((words) => said(port, words, 12)));
  expect(both).toEqual(['you said one', 'you said two']);
  expect(new Set(asked)).toEqual(new Set(['/api/v1/namespaces/contract-1/pods/database-0/portforward?ports=5432']));
  await vi.waitFor(() => expect(open.size).toBe(0));
});

test('says what the cluster says is wrong', async () => {
  const to = await wayTo((_heard, stream) => void stream.end(message(ERROR, 'nothing listens on 5432')));
  expect(await said(to.port, 'hello')).toBe('');
  expect(to.trouble()).toBe('nothing listens on 5432');
});

test('that is not allowed says so', async () => {
  const to = await wayTo(undefined);
  expect(await said(to.port, 'hello').catch(() => '')).toBe('');
  await vi.waitFor(() => expect(to.trouble()).toContain('403'));
});
