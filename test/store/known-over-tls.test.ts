/** A node that starts anew: whom somebody added as `https://` before hears nothing in clear, by whatever address it is met. */
import net from 'node:net';
import { afterAll, afterEach, expect, inject, test } from 'vitest';
import { clusterId, nodeId } from '../../src/domain/ids.ts';
import { contentDigest, signRequest } from '../../src/rear/signed-messages.ts';
import { signerAt } from '../fakes/keys.ts';
import { rawCall } from '../fakes/raw-http.ts';
import { clusterOf, servedNode } from '../fakes/served-node.ts';
import { RESERVATIONS, reservation } from '../fakes/signing-nodes.ts';
import { cloneDatabase, SCHEMA } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const AT = 'north.example:3004';
const clock = { now: () => Date.now() };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Somebody on the way to a node, or that node itself: what each connection begins with. */
async function listening() {
  const heard: ('TLS' | 'in clear')[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      heard.push(bytes[0] === 0x16 ? 'TLS' : 'in clear');
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => void server.close(resolve)));
  return { address: `127.0.0.1:${(server.address() as net.AddressInfo).port}`, heard };
}

/** `rearguard serve` on the same store each time; answers the port of its REAR once that serves. */
async function started(): Promise<number> {
  const { ports, stop } = await servedNode('north', clusterOf(clusterId('north')), {
    database: { url: db.url, schema: SCHEMA, connections: 2 },
  });
  closing.push(stop);
  const port = ports.rear;
  await expect
    .poll(async () => (await rawCall(port, 'GET', '/api/v2/flavors')).status, { timeout: 20_000, interval: 50 })
    .toBeLessThan(300);
  return port;
}

/** A buyer asks, by its bare address, as buyers do: so its keys are asked for there. */
async function reserves(port: number, address: string): Promise<unknown> {
  const body = reservation({ id: nodeId('south'), address, domain: 'south.example', clusterId: clusterId('south') });
  const fields: Record<string, string> = {
    'content-type': 'application/json',
    'content-digest': contentDigest(new TextEncoder().encode(body)),
    'idempotency-key': 'k',
  };
  const parts = { method: 'POST', authority: AT, target: RESERVATIONS, field: (name: string) => fields[name] };
  const signing = { hasBody: true, signer: signerAt(address, clock), createdMs: clock.now(), nonce: `nonce-of-16-chars-${address}` };
  const headers = { ...fields, ...(await signRequest(parts, signing)), host: AT, accept: 'application/problem+json' };
  return JSON.parse((await rawCall(port, 'POST', RESERVATIONS, { body, headers })).text);
}

test('a node that was added as https:// before the start is asked over TLS alone; one that nobody knows so is asked in clear first', async () => {
  const [known, stranger] = [await listening(), await listening()];
  await db.store.knownNodes.add(`https://${known.address}`, 'operator');
  const port = await started();
  for (const { address } of [known, stranger]) expect(await reserves(port, address)).toMatchObject({ code: 'KEYS_UNAVAILABLE' });
  expect([known.heard, stranger.heard]).toEqual([['TLS'], ['in clear', 'TLS']]);
});
