/** Buying from a FLUIDOS node: its bugs, played by a server of ours that makes them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { localTurns } from '../../src/adapters/rear-http/turns.ts';
import { Fault } from '../../src/domain/faults.ts';
import { acquisitionId, flavorId, transactionId } from '../../src/domain/ids.ts';
import type { Peers } from '../../src/ports/peer.ts';
import { codeOf } from '../contracts/peer-harness.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { handClock, identityOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });

const buyer = identityOf('south');
const PART = { cpu: '2', memory: '4Gi', pods: '20' };
const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
let server: Awaited<ReturnType<typeof strangeServer>>;
let peers: Peers;
let sales = 0;
let hold: (() => void) | undefined;

const row = (id: string, cpu: string) => ({
  flavorID: id,
  type: { name: 'k8slice', data: { charateristics: { architecture: 'amd64', cpu, memory: '8Gi', pods: '50' } } },
  owner: { ID: 'n', IP: server.address, domain: 'north.example' },
  price: { amount: '', currency: '', period: '' },
});

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const { url = '', method = '', headers } = request;
  seen.push({ method, url, headers, body });
  if (url === '/.well-known/rear') response.writeHead(404).end('404 page not found\n');
  else if (url.startsWith('/api/v2/flavors')) response.end(JSON.stringify([row('small', '1'), row('large', '16')]));
  else if (url === '/api/v2/reservations') {
    // The same transaction for the same (buyer, flavor), until it is bought.
    response.end(JSON.stringify({ transactionID: `aa-${sales}`, flavorID: 'large' }));
  } else {
    sales += 1;
    const contract = {
      contractID: 'contract-large-77aa',
      transactionID: url.split('/')[4],
      flavor: row('large', '16'),
      buyerID: { ID: buyer.id },
      buyerClusterID: buyer.clusterId,
      seller: { ID: 'n', additionalInformation: { liqoID: 'north-1' } },
      peeringTargetCredentials: { clusterID: 'north-1', kubeconfig: 'YQ==' },
      expirationTime: '2027-03-04T05:10:00+02:00',
      configuration: { type: 'k8slice', data: PART },
    };
    hold = () => response.end(JSON.stringify(contract));
    if (sales !== 1) hold();
  }
}

beforeEach(async () => {
  seen.length = 0;
  sales = 0;
  hold = undefined;
  server = await strangeServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => answer(request, response, Buffer.concat(chunks).toString()));
  });
  peers = httpPeers({ clock: handClock(), limits: { describeMs: 15_000, listMs: 15_000, reserveMs: 15_000 } });
});
afterEach(async () => {
  await server.close();
});
const reserve = (key: string) =>
  peers.at(server.address).reserve({ flavor: flavorId('large'), buyer, part: PART, idempotencyKey: acquisitionId(key) });
const purchase = (id: string) => peers.at(server.address).purchase({ transaction: transactionId(id), buyer });

describe('a FLUIDOS seller', () => {
  test('is asked for everything, and filtered here, since it returns the wrong rows', async () => {
    const { flavors } = await peers.at(server.address).listFlavors({ resources: PART });
    expect(flavors.map(({ id }) => id)).toEqual(['large']);
    expect(seen.at(-1)?.url).toBe('/api/v2/flavors');
  });

  test('gets RESERVE and PURCHASE to the byte, and nothing of ours', async () => {
    const { id } = await reserve('k-1');
    const reserved = seen.at(-1);
    expect(reserved?.body).toBe(
      '{"flavorID":"large","buyerID":{"ID":"south-node","IP":"south.example:3004","domain":"south.example","additionalInformation":{"liqoID":"south-1"}},' +
        '"configuration":{"type":"k8slice","data":{"cpu":"2","memory":"4Gi","pods":"20"}}}',
    );
    expect(reserved?.headers['idempotency-key']).toBeUndefined();
    sales = 1;
    const { terms } = await purchase(id);
    expect(seen.at(-1)).toMatchObject({ method: 'POST', url: `/api/v2/transactions/${id}/purchase`, body: '{}' });
    expect(terms).toMatchObject({ resources: PART, sellerCluster: 'north-1', expiresAt: '2027-03-04T05:10:00+02:00' });
    expect(terms.price).toBeUndefined();
  });

  test('sells to one acquisition of ours at a time per flavor', async () => {
    const first = await reserve('k-1');
    let second: string | undefined;
    const waiting = reserve('k-2').then(({ id }) => {
      second = id;
    });
    expect((await reserve('k-1')).id).toBe(first.id);
    const bought = purchase(first.id);
    await expect.poll(() => hold, { timeout: 10_000 }).toBeDefined();
    expect(second).toBeUndefined();
    hold?.();
    await bought;
    await waiting;
    expect(second).not.toBe(first.id);
  });

  test('sells to one at a time of all our processes, whichever of them buys or gives up', async () => {
    const limits = { describeMs: 15_000, listMs: 15_000, reserveMs: 15_000, extensionMs: 15_000 };
    const turns = localTurns(handClock());
    const [one, other] = [1, 2].map(() => httpPeers({ clock: handClock(), limits, turns }).at(server.address));
    if (!one || !other) throw new Error('two processes');
    const ask = { flavor: flavorId('large'), buyer, part: PART };
    const first = await one.reserve({ ...ask, idempotencyKey: acquisitionId('k-1') });
    let second: string | undefined;
    const waiting = other.reserve({ ...ask, idempotencyKey: acquisitionId('k-2') }).then(({ id }) => {
      second = id;
    });
    sales = 1;
    expect(second).toBeUndefined();
    // Not the process that reserved.
    await other.purchase({ transaction: transactionId(first.id), buyer });
    await waiting;
    expect(second).not.toBe(first.id);
    // A seller that knows no release gives nothing back, but the next of ours need not wait for what nobody will buy.
    const third = one.reserve({ ...ask, idempotencyKey: acquisitionId('k-3') });
    expect(await codeOf(other.release({ buyer, idempotencyKey: acquisitionId('k-2') }))).toBe('PEER_REFUSED');
    await third;
  });

  test('is paid attention to although the turn cannot be given back: its answer comes once', async () => {
    const away = (): Promise<never> => Promise.reject(new Fault('STORE_UNAVAILABLE', 'away'));
    const turns = { ...localTurns(handClock()), free: away };
    const peer = httpPeers({ clock: handClock(), turns }).at(server.address);
    const { id } = await peer.reserve({ flavor: flavorId('large'), buyer, part: PART, idempotencyKey: acquisitionId('k-1') });
    sales = 1;
    expect(await peer.purchase({ transaction: transactionId(id), buyer })).toMatchObject({ terms: { transaction: id } });
  });

  test('another acquisition does not wait for ever', async () => {
    peers = httpPeers({ clock: handClock(), limits: { describeMs: 15_000, reserveMs: 1_000 } });
    await reserve('k-1');
    expect(await codeOf(reserve('k-2'))).toBe('PEER_TIMEOUT');
  });

  test('is asked what it is once, and knows no extension', async () => {
    const peer = peers.at(server.address);
    expect(await codeOf(peer.release({ buyer, idempotencyKey: acquisitionId('k-1') }))).toBe('PEER_REFUSED');
    expect(await codeOf(peer.readContract('contract-large-77aa' as never))).toBe('PEER_REFUSED');
    expect(seen.filter(({ url }) => url === '/.well-known/rear')).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });
});
