/** Whoever stands between a buyer and its seller: what he changes, keeps or leaves out decides nothing. */
import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import type { PeerRules } from '../../src/domain/peer-policy.ts';
import { contentDigest } from '../../src/rear/signed-messages.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';
import { strangeServer } from '../fakes/raw-http.ts';
import { SIGNED, rules, REPLAY, SLICE, PART, RESERVATIONS, codeOf, openSigningNodes, type SigningNodes } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, north, south, onClose, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, north, south, onClose, close } = await openSigningNodes());
});
afterEach(() => close());

describe('at a buyer', () => {
  /** Stands between the buyer and the seller, at an address of its own or as the seller itself, and changes answers. */
  async function between(
    change: (answer: { status: number; headers: Record<string, string>; body: string }, path: string) => Partial<typeof answer>,
  ) {
    const seen: string[] = [];
    const { address, close } = await strangeServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        seen.push(incoming.url ?? '');
        // The wire is taken over: whatever the host is called, this is where its packets go.
        const asked = http.request(
          { port: north.port, method: incoming.method, path: incoming.url, headers: incoming.headers, agent: false },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('end', () => {
              const {
                'transfer-encoding': _chunked,
                'content-length': _length,
                connection: _connection,
                ...headers
              } = answer.headers as Record<string, string>;
              const whole = { status: answer.statusCode ?? 0, headers, body: Buffer.concat(parts).toString('utf8') };
              const told = { ...whole, ...change(whole, incoming.url ?? '') };
              response.writeHead(told.status, told.headers).end(told.body);
            });
          },
        );
        asked.end(Buffer.concat(chunks));
      });
    });
    onClose(close);
    return { address, seen };
  }
  /** The buyer's way to north leads through that server: it dials a number for north's name. */
  const through = (address: string, policy = SIGNED, knownSigners = memoryKnownSigners({ clock })) => {
    const trust = { signer: south.signer, peerKeys: httpPeerKeys({ clock }), knownSigners, policy, replay: REPLAY };
    const dial = dialling({ clock, strangersPlace: async () => address });
    return httpPeers({ clock, trust, dial }).at(north.identity.address, { stranger: true });
  };
  const without = (headers: Record<string, string>) => {
    const { signature: _signature, 'signature-input': _input, ...rest } = headers;
    return rest;
  };
  const reserveAt = (peer: ReturnType<typeof through>) =>
    peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
  const DESCRIPTION = '/.well-known/rear';

  test('what is passed on unchanged counts', async () => {
    const { address, seen } = await between(() => ({}));
    const peer = through(address);
    expect((await peer.listFlavors()).flavors).toHaveLength(1);
    await reserveAt(peer);
    expect(seen).toEqual([DESCRIPTION, '/api/v2/flavors', RESERVATIONS]);
  });

  test.each<[string, Parameters<typeof between>[0], string]>([
    ['without its signature', ({ headers }) => ({ headers: without(headers) }), 'PEER_LIED missing'],
    [
      'with another body',
      ({ body }) => ({ body: body.replace('0.8', '0.7').replace(/"transactionID":"./, '"transactionID":"x') }),
      'PEER_LIED digest',
    ],
    [
      'with another body and its digest',
      ({ headers, body }) => ({
        body: ` ${body}`,
        headers: { ...headers, 'content-digest': contentDigest(new TextEncoder().encode(` ${body}`)) },
      }),
      'PEER_LIED forged',
    ],
    ['with another status', () => ({ status: 201 }), 'PEER_LIED forged'],
    ['as another refusal', ({ headers }) => ({ status: 409, headers: without(headers), body: 'gone' }), 'PEER_LIED missing'],
    ['as not found, by a proxy', ({ headers }) => ({ status: 404, headers: without(headers), body: 'no' }), 'PEER_UNREACHABLE missing'],
    ['as gone, by a proxy', ({ headers }) => ({ status: 503, headers: without(headers), body: 'down' }), 'PEER_UNREACHABLE missing'],
    ['as late, by a proxy', ({ headers }) => ({ status: 504, headers: without(headers), body: 'late' }), 'PEER_TIMEOUT missing'],
  ])('an answer %s decides nothing', async (_, change, code) => {
    const { address } = await between((answer, path) => (path === DESCRIPTION ? {} : change(answer, path)));
    const peer = through(address);
    expect(await codeOf(peer.listFlavors())).toBe(code);
    expect(await codeOf(reserveAt(peer))).toBe(code);
  });

  test('an answer to another request is none', async () => {
    const answers: Record<string, { status: number; headers: Record<string, string>; body: string }> = {};
    const { address } = await between((answer, path) => {
      const first = (answers[path] ??= answer);
      return path === RESERVATIONS ? first : {};
    });
    const peer = through(address);
    await reserveAt(peer);
    expect(await codeOf(reserveAt(peer))).toBe('PEER_LIED forged');
  });

  test('an old list is not taken for the present one', async () => {
    const kept: { status: number; headers: Record<string, string>; body: string }[] = [];
    const { address } = await between((answer, path) => {
      if (path !== '/api/v2/flavors') return {};
      kept.push(answer);
      return kept[0] ?? {};
    });
    const peer = through(address);
    await peer.listFlavors();
    clock.advance(60_000);
    expect((await peer.listFlavors()).flavors).toHaveLength(1);
    clock.advance(61_000);
    expect(await codeOf(peer.listFlavors())).toBe('PEER_LIED expired');
  });

  test.each<[string, Parameters<typeof between>[0], string]>([
    [
      'says that it cannot',
      ({ headers, body }) => ({ headers: without(headers), body: body.replace(',"signatures"', '') }),
      'PEER_LIED missing',
    ],
    ['is a FLUIDOS node of a sudden', () => ({ status: 404, headers: {}, body: '404 page not found' }), 'PEER_UNREACHABLE missing'],
  ])('a seller that signed before and %s is not believed', async (_, change, code) => {
    let stripping = false;
    const { address } = await between((answer, path) => (stripping && path === DESCRIPTION ? change(answer, path) : {}));
    const known = memoryKnownSigners({ clock });
    const lax: PeerRules = { rules: [], otherwise: 'legacy' };
    expect(await codeOf(through(address, lax, known).listFlavors())).toBe('ok');
    stripping = true;
    expect(await codeOf(through(address, lax, known).listFlavors())).toBe(code);
    const strict = rules({ address: north.identity.address, policy: 'signed' });
    expect(await codeOf(through(address, strict, known).listFlavors())).toBe(code.startsWith('PEER_LIED') ? 'PEER_REFUSED' : code);
    expect(await codeOf(through(address, rules({ address: north.identity.address, policy: 'legacy' }), known).describe())).toBe('ok');
  });

  test('a description that is not signed although it says so is not believed', async () => {
    const { address } = await between(({ headers }) => ({ headers: without(headers) }));
    expect(await codeOf(through(address).listFlavors())).toBe('PEER_LIED missing');
  });
});
