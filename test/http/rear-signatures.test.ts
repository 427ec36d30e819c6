/** Two nodes that sign, as nodes do by themselves, and whoever would speak in the name of one of them. */
import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dialling } from '../../src/adapters/rear-http/dialling.ts';
import { httpPeerKeys } from '../../src/adapters/rear-http/peer-keys.ts';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { acquisitionId, contractOf, flavorId } from '../../src/domain/ids.ts';
import type { PeerRule, PeerRules } from '../../src/domain/peer-policy.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { writeBuyer, writeTermination } from '../../src/rear/extensions.ts';
import { contentDigest, signRequest } from '../../src/rear/signed-messages.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryKnownSigners } from '../fakes/memory-known-signers.ts';
import { rawCall, strangeServer } from '../fakes/raw-http.ts';
import { type RearNode, rearNode } from '../fakes/rear-node.ts';
import { handClock, identityOf, sliceOf } from '../fakes/samples.ts';

vi.setConfig({ testTimeout: 30_000 });

const SIGNED: PeerRules = { rules: [], otherwise: 'signed' };
const rules = (...each: readonly PeerRule[]): PeerRules => ({ rules: each, otherwise: 'signed' });
const REPLAY = { pastMs: 120_000, futureMs: 60_000 };
const SLICE = flavorId('slice');
const PART = { cpu: '1', memory: '1Gi', pods: '1' };
const SIGNATURE_REFUSED = expect.stringContaining('"code":"SIGNATURE_REFUSED"');

let clock = handClock();
let north: RearNode;
let south: RearNode;
let deep: RearNode;
const closing: (() => Promise<void>)[] = [];
const open = async (
  name: string,
  policy = SIGNED,
  more: { legacyBuyers?: boolean; authorities?: readonly string[] } = {},
): Promise<RearNode> => {
  const node = await rearNode({ name, clock, options: { policy, legacyBuyers: false, ...more } });
  await node.memory.inventory.publish(sliceOf(node.identity, { id: SLICE }));
  closing.push(() => node.close());
  return node;
};
beforeEach(async () => {
  clock = handClock();
  [north, south, deep] = await Promise.all([open('north'), open('south'), open('deep')]);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** What that node's own buying side asks others with. */
const peersOf = (node: RearNode, policy = SIGNED, signer: Signer = node.signer) =>
  httpPeers({ clock, trust: { signer, peerKeys: httpPeerKeys({ clock }), knownSigners: node.knownSigners, policy, replay: REPLAY } });
const codeOf = async (call: Promise<unknown>): Promise<string> =>
  await call.then(
    () => 'ok',
    (error: { code?: string; facts?: { why?: string } }) =>
      [error.code ?? String(error), ...(error.facts?.why ? [error.facts.why] : [])].join(' '),
  );

interface Forging {
  readonly signer?: Signer;
  readonly createdMs?: number;
  readonly authority?: string;
  readonly target?: string;
  readonly nonce?: string;
  readonly signedBody?: string;
}
let nonces = 0;
/** A request as it could be made with some key, for some place, at some time. */
async function forged(target: string, body: string, change: Forging = {}, headers: Readonly<Record<string, string>> = {}) {
  nonces += 1;
  const {
    signer = south.signer,
    createdMs = clock.now(),
    authority = `127.0.0.1:${north.port}`,
    nonce = `nonce-of-16-chars-${nonces}`,
  } = change;
  const digest = contentDigest(new TextEncoder().encode(change.signedBody ?? body));
  const fields: Record<string, string> = { 'content-type': 'application/json', 'content-digest': digest, ...headers };
  const parts = { method: 'POST', authority, target: change.target ?? target, field: (name: string) => fields[name] };
  return { ...fields, ...(await signRequest(parts, { hasBody: true, signer, createdMs, nonce })), accept: 'application/problem+json' };
}
const reservation = (buyer: NodeIdentity): string =>
  JSON.stringify({ flavorID: SLICE, ...writeBuyer(buyer), configuration: { type: 'k8slice', data: PART } });
const RESERVATIONS = '/api/v2/reservations';
const send = async (path: string, body: string, headers: Readonly<Record<string, string>>, to = north) => {
  const { status, text } = await rawCall(to.port, 'POST', path, { body, headers: { host: `127.0.0.1:${to.port}`, ...headers } });
  return { status, text };
};
const why = (reason: string) => ({ status: 401, text: expect.stringContaining(`"why":"${reason}"`) });
const reserve = async (change: Forging = {}, buyer = south.identity, to = north) => {
  const body = reservation(buyer);
  const key = { 'idempotency-key': `k-${nonces}` };
  return await send(RESERVATIONS, body, await forged(RESERVATIONS, body, change, key), to);
};

describe('a sale between two nodes that sign', () => {
  test('goes from LIST to its end, every answer looked at', async () => {
    const peer = peersOf(south).at(north.identity.address);
    expect((await peer.describe()).extensions).toContain('signatures');
    expect((await peer.listFlavors()).flavors).toHaveLength(1);
    const key = acquisitionId('a-1');
    const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: key });
    const { terms } = await peer.purchase({ transaction: id, buyer: south.identity });
    expect(terms.buyer.id).toBe(south.identity.id);
    await peer.refreshCredentials({ contract: terms.id, buyer: south.identity });
    expect(await peer.readContract(terms.id)).toEqual({ state: 'active' });
    await peer.terminate({ contract: terms.id, buyer: south.identity, ending: { reason: 'done' } });
    await peer.release({ buyer: south.identity, idempotencyKey: key });
    expect(await north.knownSigners.signs({ nodeId: south.identity.id })).toBe(true);
    expect(await south.knownSigners.signs({ address: north.identity.address, nodeId: north.identity.id })).toBe(true);
  });

  test('is refused in words that are signed too', async () => {
    const peer = peersOf(south).at(north.identity.address);
    const unknown = peer.reserve({ flavor: flavorId('nobody'), buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
    await expect(unknown).rejects.toMatchObject({ code: 'FLAVOR_GONE' });
    expect(await codeOf(peer.readContract(contractOf('5f-1' as never)))).toBe('CONTRACT_UNKNOWN');
  });
});

describe('at a seller', () => {
  test('one good signature reserves', async () => expect(await reserve()).toMatchObject({ status: 200 }));

  test.each<[string, string, Forging | (() => Forging)]>([
    ['made with the key of another node', 'not-theirs', () => ({ signer: deep.signer })],
    ['that is too old', 'expired', () => ({ createdMs: clock.now() - 121_000 })],
    ['from the future', 'from-the-future', () => ({ createdMs: clock.now() + 62_000 })],
    ['for another host', 'retargeted', { authority: 'deep.example:3004' }],
    ['for another port of this host', 'forged', () => ({ authority: `127.0.0.1:${deep.port}` })],
    ['for another path', 'forged', { target: '/api/v2/reservations/release' }],
    ['of another body', 'digest', { signedBody: '{}' }],
  ])('a signature %s reserves nothing', async (_, reason, change) => {
    const given = typeof change === 'function' ? change() : change;
    // What it was made for is what it says in its own words; where it arrives is `Host`.
    if (given.authority === undefined || reason === 'forged') expect(await reserve(given)).toMatchObject(why(reason));
    else {
      const body = reservation(south.identity);
      const headers = { ...(await forged(RESERVATIONS, body, given, { 'idempotency-key': 'k' })), host: given.authority };
      expect(await send(RESERVATIONS, body, headers)).toMatchObject(why(reason));
    }
    const facts = { code: `SIGNATURE_REFUSED: ${reason}`, count: 1 };
    expect(await north.audit.list({ limit: 5 })).toMatchObject([{ kind: 'request-refused', peer: '127.0.0.1', facts }]);
    expect(north.memory.holds()).toEqual([]);
  });

  test('a signature of a key that its node does not show reserves nothing', async () => {
    expect(await reserve({ signer: signerAt(south.identity.address, clock) })).toMatchObject(why('key'));
  });

  test('a signature that was changed on its way reserves nothing', async () => {
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' });
    const flipped = headers.signature.replace(/:(.)/, (_, first: string) => `:${first === 'A' ? 'B' : 'A'}`);
    expect(await send(RESERVATIONS, body, { ...headers, signature: flipped })).toMatchObject(why('forged'));
    expect(await send(RESERVATIONS, body, { ...headers, 'idempotency-key': 'mine' })).toMatchObject(why('forged'));
    expect(await send(RESERVATIONS, body, { ...headers, signature: 'rear=(' })).toMatchObject(why('malformed'));
  });

  test('a signature counts once, and again only under a new nonce', async () => {
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' });
    expect(await send(RESERVATIONS, body, headers)).toMatchObject({ status: 200 });
    expect(await send(RESERVATIONS, body, headers)).toMatchObject(why('replayed'));
    clock.advance(119_000);
    expect(await send(RESERVATIONS, body, headers)).toMatchObject(why('replayed'));
    clock.advance(2_000);
    expect(await send(RESERVATIONS, body, headers)).toMatchObject(why('expired'));
    expect(await send(RESERVATIONS, body, await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k2' }))).toMatchObject({
      status: 200,
    });
  });

  test('a signature counts once for all processes of a node', async () => {
    const policy = { policy: SIGNED, authorities: [north.identity.address] };
    const other = await rearNode({ name: 'north', clock, options: policy, ports: { knownSigners: north.knownSigners } });
    closing.push(() => other.close());
    await other.memory.inventory.publish(sliceOf(north.identity, { id: SLICE }));
    const body = reservation(south.identity);
    const headers = { ...(await forged(RESERVATIONS, body, {}, { 'idempotency-key': 'k' })), host: north.identity.address };
    expect(await send(RESERVATIONS, body, headers)).toMatchObject({ status: 200 });
    expect(await send(RESERVATIONS, body, headers, other)).toMatchObject(why('replayed'));
  });

  test('what was refused is told to the operator, with where it came from', async () => {
    const told: unknown[] = [];
    const log = { info: (...line: readonly unknown[]) => void told.push(line), error: () => {} };
    const telling = await rearNode({ name: 'telling', clock, options: { policy: SIGNED, log } });
    closing.push(() => telling.close());
    await reserve({ authority: telling.identity.address, signer: deep.signer }, south.identity, telling);
    expect(told).toEqual([
      [{ path: RESERVATIONS, from: '127.0.0.1', why: 'not-theirs' }, expect.stringContaining(`${deep.identity.address} signs for`)],
    ]);
  });

  test('a node may not say that it is another, neither at its own address nor at that of the other', async () => {
    expect(await reserve()).toMatchObject({ status: 200 });
    const [asSouth, there] = [
      { ...south.identity, address: deep.identity.address },
      { ...deep.identity, address: south.identity.address },
    ];
    expect(await reserve({ signer: deep.signer }, asSouth)).toMatchObject({ status: 403, text: expect.stringContaining('BUYER_REFUSED') });
    expect(await reserve({ signer: deep.signer }, there)).toMatchObject(why('not-theirs'));
    expect(await reserve({ signer: deep.signer }, deep.identity)).toMatchObject({ status: 200 });
  });

  test('a buyer whose document nobody serves is asked to come again, and holds nothing', async () => {
    const gone = identityOf('gone', '127.0.0.1:1');
    const answer = await reserve({ signer: signerAt(gone.address, clock) }, gone);
    expect(answer).toMatchObject({ status: 503, text: expect.stringContaining('KEYS_UNAVAILABLE') });
    expect(north.memory.holds()).toEqual([]);
  });

  test('who does not sign reserves nothing, whichever dialect it speaks', async () => {
    const problem = { accept: 'application/problem+json' };
    expect(await send(RESERVATIONS, reservation(south.identity), { ...problem, 'idempotency-key': 'k' })).toMatchObject(why('missing'));
    expect(await send(RESERVATIONS, reservation(south.identity), problem)).toMatchObject({ status: 403 });
    expect(north.memory.holds()).toEqual([]);
  });

  test('behind a proxy it is reached by the name that its operator told it', async () => {
    const proxied = await open('proxied', SIGNED, { authorities: ['market.example:443'] });
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, { authority: 'market.example' }, { 'idempotency-key': 'k', host: 'market.example' });
    expect(await send(RESERVATIONS, body, headers, proxied)).toMatchObject({ status: 200 });
    expect(await send(RESERVATIONS, body, headers, north)).toMatchObject(why('retargeted'));
  });

  describe('of a contract', () => {
    const bought = async () => {
      const peer = peersOf(south).at(north.identity.address);
      const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
      return { transaction: id, contract: contractOf(id), buy: () => peer.purchase({ transaction: id, buyer: south.identity }) };
    };
    test('nobody but its buyer buys what was reserved, asks for credentials or ends it', async () => {
      const { transaction, contract, buy } = await bought();
      const as = JSON.stringify(writeBuyer(south.identity));
      const paths = [`/api/v2/transactions/${transaction}/purchase`, `/api/v2/contracts/${contract}/credentials`];
      const problem = { accept: 'application/problem+json' };
      for (const path of paths) {
        expect(await send(path, as, problem)).toMatchObject(why('missing'));
        expect(await send(path, as, await forged(path, as, { signer: deep.signer }))).toMatchObject(why('not-theirs'));
        await buy();
      }
      // A FLUIDOS node does not say who it is in PURCHASE: this buyer is none.
      expect(await send(paths[0] ?? '', '{}', problem)).toMatchObject(why('missing'));
      const path = `/api/v2/contracts/${contract}/terminate`;
      const end = JSON.stringify(writeTermination(south.identity, { reason: 'done' }));
      expect(await send(path, end, problem)).toMatchObject(why('missing'));
      expect(await send(path, end, await forged(path, end, { signer: deep.signer }))).toMatchObject(why('not-theirs'));
      const release = '/api/v2/reservations/release';
      const give = JSON.stringify({ ...writeBuyer(south.identity), idempotencyKey: 'a' });
      expect(await send(release, give, problem)).toMatchObject(why('missing'));
      expect(north.memory.living()).toHaveLength(1);
      expect(await send(path, end, await forged(path, end))).toMatchObject({ status: 204 });
      expect(north.memory.living()).toEqual([]);
    });
    test('a request for credentials that was overheard gets none a second time', async () => {
      const { contract, buy } = await bought();
      await buy();
      const path = `/api/v2/contracts/${contract}/credentials`;
      const body = JSON.stringify(writeBuyer(south.identity));
      const headers = await forged(path, body);
      expect(await send(path, body, headers)).toMatchObject({ status: 200 });
      expect(await send(path, body, headers)).toMatchObject(why('replayed'));
    });
    test('who moved to another address says so to the operator first', async () => {
      const { contract, buy } = await bought();
      await buy();
      const moved = await open('south');
      const path = `/api/v2/contracts/${contract}/credentials`;
      const body = JSON.stringify(writeBuyer(moved.identity));
      expect(await send(path, body, await forged(path, body, { signer: moved.signer }))).toMatchObject(why('not-theirs'));
    });
  });

  describe('whose operator says so', () => {
    const at = async (policy: PeerRules, more: { legacyBuyers?: boolean } = {}) => await open('strict', policy, more);
    const unsigned = (to: RearNode, key?: string, buyer = south.identity) =>
      send(RESERVATIONS, reservation(buyer), { accept: 'application/problem+json', ...(key && { 'idempotency-key': key }) }, to);
    const toThat = (to: RearNode, change: Forging = {}, buyer = south.identity) =>
      reserve({ authority: `127.0.0.1:${to.port}`, ...change }, buyer, to);

    test.each<[string, () => PeerRule]>([
      ['id', () => ({ node: south.identity.id, policy: 'blocked' })],
      ['domain', () => ({ domain: 'SOUTH.example', policy: 'blocked' })],
      ['address', () => ({ address: south.identity.address, policy: 'blocked' })],
      ['host', () => ({ address: '127.0.0.1', policy: 'blocked' })],
    ])('a node is blocked by its %s, whatever else is said of it', async (_, rule) => {
      const node = await at(rules({ node: south.identity.id, policy: 'signed' }, rule()));
      expect(await toThat(node)).toMatchObject({ status: 403, text: expect.stringContaining('blocked') });
    });

    test('a node that is blocked can still give back what it has, and be given back to', async () => {
      const blocking: PeerRule[] = [];
      const node = await at({ rules: blocking, otherwise: 'signed' });
      const of = (mine: readonly PeerRule[]) => peersOf(south, { rules: mine, otherwise: 'signed' }).at(node.identity.address);
      const block: PeerRule = { node: node.identity.id, policy: 'blocked' };
      const buy = async (key: string) => {
        const { id } = await of([]).reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId(key) });
        return (await of([]).purchase({ transaction: id, buyer: south.identity })).terms.id;
      };
      const [first, second] = [await buy('a'), await buy('b')];
      blocking.push({ node: south.identity.id, policy: 'blocked' });
      expect(await codeOf(buy('c'))).toBe('BUYER_REFUSED');
      expect(await codeOf(of([]).refreshCredentials({ contract: first, buyer: south.identity }))).toBe('BUYER_REFUSED');
      await of([]).terminate({ contract: first, buyer: south.identity, ending: { reason: 'done' } });
      expect(await codeOf(of([block]).refreshCredentials({ contract: second, buyer: south.identity }))).toBe('PEER_REFUSED');
      expect(await of([block]).readContract(second)).toEqual({ state: 'active' });
      await of([block]).release({ buyer: south.identity, idempotencyKey: acquisitionId('b') });
      expect(node.memory.living()).toEqual([]);
    });

    test('a node need not sign, and FLUIDOS nodes may buy', async () => {
      const node = await at(rules({ node: south.identity.id, policy: 'legacy' }));
      expect(await unsigned(node, 'k')).toMatchObject({ status: 200 });
      expect(await unsigned(node)).toMatchObject({ status: 200 });
      expect(await unsigned(node, 'k2', deep.identity)).toMatchObject(why('missing'));
      const generous = await at(SIGNED, { legacyBuyers: true });
      expect(await unsigned(generous)).toMatchObject({ status: 200 });
      expect(await unsigned(generous, 'k')).toMatchObject(why('missing'));
    });

    test('a node that signed once is never again taken for one that cannot, unless it is named', async () => {
      const node = await at({ rules: [{ domain: south.identity.domain, policy: 'legacy' }], otherwise: 'legacy' }, { legacyBuyers: true });
      expect(await unsigned(node, 'k1')).toMatchObject({ status: 200 });
      expect(await toThat(node)).toMatchObject({ status: 200 });
      for (const key of ['k2', undefined]) {
        expect(await unsigned(node, key)).toMatchObject(why('missing'));
        expect(await unsigned(node, key, { ...south.identity, address: '192.0.2.9:1' })).toMatchObject(why('missing'));
        expect(await unsigned(node, key, { ...identityOf('other'), address: south.identity.address })).toMatchObject(why('missing'));
      }
      const waiving = await at(rules({ node: south.identity.id, policy: 'legacy' }));
      expect(await toThat(waiving)).toMatchObject({ status: 200 });
      expect(await unsigned(waiving, 'k')).toMatchObject({ status: 200 });
    });

    test('a node is pinned to its keys and to its address', async () => {
      const [{ kid = '' } = {}] = await south.signer.published();
      const thumbprint = kid.split('#')[1] ?? '';
      const pinning = await at(rules({ node: south.identity.id, policy: 'signed', keys: [thumbprint] }));
      expect(await toThat(pinning)).toMatchObject({ status: 200 });
      await south.signer.rotate({ overlapMs: 60_000 });
      expect(await toThat(pinning)).toMatchObject(why('key'));
      const moved = { ...south.identity, address: deep.identity.address };
      const placing = await at(rules({ node: south.identity.id, address: deep.identity.address, policy: 'signed' }));
      expect(await toThat(placing)).toMatchObject(why('not-theirs'));
      expect(await toThat(placing, { signer: deep.signer }, moved)).toMatchObject({ status: 200 });
    });
  });
});

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
    closing.push(close);
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

  test.each<[string, Parameters<typeof between>[0]]>([
    ['says that it cannot', ({ headers, body }) => ({ headers: without(headers), body: body.replace(',"signatures"', '') })],
    ['is a FLUIDOS node of a sudden', () => ({ status: 404, headers: {}, body: '404 page not found' })],
  ])('a seller that signed before and %s is not believed', async (_, change) => {
    let stripping = false;
    const { address } = await between((answer, path) => (stripping && path === DESCRIPTION ? change(answer, path) : {}));
    const known = memoryKnownSigners({ clock });
    const lax: PeerRules = { rules: [], otherwise: 'legacy' };
    expect(await codeOf(through(address, lax, known).listFlavors())).toBe('ok');
    stripping = true;
    expect(await codeOf(through(address, lax, known).listFlavors())).toBe('PEER_LIED missing');
    expect(await codeOf(through(address, rules({ address: north.identity.address, policy: 'legacy' }), known).describe())).toBe('ok');
  });

  test('a description that is not signed although it says so is not believed', async () => {
    const { address } = await between(({ headers }) => ({ headers: without(headers) }));
    expect(await codeOf(through(address).listFlavors())).toBe('PEER_LIED missing');
  });

  test('a seller that is another than it says is not believed', async () => {
    const liar = await open('north');
    const peers = peersOf(south);
    expect(await codeOf(peers.at(north.identity.address).describe())).toBe('ok');
    expect(await codeOf(peers.at(liar.identity.address).describe())).toBe('PEER_LIED not-theirs');
  });

  test('a seller of our dialect that does not sign, a blocked one, one with another key and one elsewhere are not traded with', async () => {
    const { address } = await strangeServer((_, response) => {
      response.end(JSON.stringify({ protocol: 'REAR', version: '2.0.0', dialect: 'rearguard', extensions: [] }));
    }).then((server) => (closing.push(server.close), server));
    expect(await codeOf(peersOf(south).at(address).describe())).toBe('PEER_REFUSED');
    expect(await codeOf(peersOf(south, { rules: [], otherwise: 'legacy' }).at(address).describe())).toBe('ok');
    const { address: there, id, domain } = north.identity;
    for (const rule of [{ address: there }, { node: id }, { domain }]) {
      expect(
        await codeOf(
          peersOf(south, rules({ ...rule, policy: 'blocked' }))
            .at(there)
            .listFlavors(),
        ),
      ).toBe('PEER_REFUSED');
    }
    expect(
      await codeOf(
        peersOf(south, rules({ address: there, policy: 'signed', keys: ['a'.repeat(43)] }))
          .at(there)
          .describe(),
      ),
    ).toBe('PEER_LIED key');
    expect(
      await codeOf(
        peersOf(south, rules({ node: id, address: '192.0.2.1:1', policy: 'signed' }))
          .at(there)
          .describe(),
      ),
    ).toBe('PEER_LIED not-theirs');
  });

  test('a FLUIDOS seller is bought from as before, unless it has to sign', async () => {
    const { address, close } = await strangeServer((incoming, response) => {
      if (incoming.url === '/api/v2/flavors') response.writeHead(204).end();
      else response.writeHead(404).end('404 page not found\n');
    });
    closing.push(close);
    expect(await codeOf(peersOf(south).at(address).listFlavors())).toBe('ok');
    expect(
      await codeOf(
        peersOf(south, rules({ address, policy: 'signed' }))
          .at(address)
          .listFlavors(),
      ),
    ).toBe('PEER_REFUSED');
  });
});

describe('what is not asked for', () => {
  test('is not signed: a FLUIDOS node gets the answers that such a node gives', async () => {
    const { headers } = await rawCall(north.port, 'GET', '/api/v2/flavors');
    for (const name of ['signature', 'signature-input', 'content-digest']) expect(headers).not.toHaveProperty(name);
  });
  test('is signed once for all who ask the same, and again when the list is another', async () => {
    const signing = vi.spyOn(north.signer, 'sign');
    const peer = peersOf(south).at(north.identity.address);
    await peer.describe();
    const before = signing.mock.calls.length;
    for (const _ of [1, 2, 3]) await peer.listFlavors();
    expect(signing.mock.calls.length - before).toBe(1);
    await north.memory.inventory.publish(sliceOf(north.identity, { id: flavorId('another') }));
    for (const _ of [1, 2]) expect((await peer.listFlavors()).flavors).toHaveLength(2);
    expect(signing.mock.calls.length - before).toBe(2);
    clock.advance(20_000);
    await peer.listFlavors();
    expect(signing.mock.calls.length - before).toBe(3);
  });
});

test('a seller’s notice counts when that seller signs it', async () => {
  const { id } = await peersOf(south)
    .at(north.identity.address)
    .reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
  const { terms } = await peersOf(south).at(north.identity.address).purchase({ transaction: id, buyer: south.identity });
  await south.memory.contracts.storeBought({ terms, acquisition: acquisitionId('a') });
  const path = `/api/v2/contracts/${terms.id}/notice`;
  const body = JSON.stringify({ ending: { reason: 'drained' } });
  const to = { authority: `127.0.0.1:${south.port}` };
  expect(await send(path, body, { accept: 'application/problem+json' }, south)).toMatchObject({ status: 401, text: SIGNATURE_REFUSED });
  expect(await send(path, body, await forged(path, body, { ...to, signer: deep.signer }), south)).toMatchObject(why('not-theirs'));
  expect(south.notices()).toEqual([]);
  await peersOf(north)
    .at(south.identity.address, { stranger: true })
    .notifyEnd({ contract: terms.id, ending: { reason: 'drained' } });
  expect(south.notices()).toEqual(['a']);
});
