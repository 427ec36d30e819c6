/** One buyer that sends without end is told to wait, from wherever it calls; nobody else is, and nobody uses up what is another's. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BuyerLimits } from '../../src/domain/buyer-limits.ts';
import type { NodeIdentity } from '../../src/domain/flavor.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import type { RearOptions } from '../../src/http/rear/ports.ts';
import type { RearNode } from '../fakes/rear-node.ts';
import { identityOf, sliceOf } from '../fakes/samples.ts';
import { codeOf, openSigningNodes, PART, RESERVATIONS, reservation, rules, type SigningNodes, SLICE, why } from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, south, deep, open, peersOf, forged, send, reserve, close } = {} as SigningNodes;
let seller: RearNode;
const ofEach = (limits: BuyerLimits) => ({ limitsOf: () => ({ holds: 1_000, ...limits }) });
/** One more seller, of more than anybody asks for here. */
async function opened(name: string, options: Partial<RearOptions>): Promise<RearNode> {
  const node = await open(name, options);
  const { offer, ...slice } = sliceOf(node.identity, { id: SLICE });
  await node.memory.inventory.publish({ ...slice, offer: { ...offer, resources: { cpu: '1000', memory: '1000Gi', pods: '1000' } } });
  return node;
}
beforeEach(async () => {
  ({ clock, south, deep, open, peersOf, forged, send, reserve, close } = await openSigningNodes());
  seller = await opened('seller', ofEach({ requestsPerSecond: 1 }));
});
afterEach(() => close());

/** How often it is answered with what. */
async function statuses(times: number, call: () => Promise<{ readonly status: number }>): Promise<Readonly<Record<number, number>>> {
  const counted: Record<number, number> = {};
  for (let n = 0; n < times; n += 1) {
    const { status } = await call();
    counted[status] = (counted[status] ?? 0) + 1;
  }
  return counted;
}
const told = async () =>
  (await seller.audit.page({ limit: 9 })).items.map(({ kind, peer, facts }) => [kind, peer, facts['code'], facts['count']]);

describe('one that signs', () => {
  const as = (node: RearNode, authority = seller.identity.address) => ({ signer: node.signer, authority });
  const reserves = (node: RearNode) => reserve(as(node), node.identity, seller);

  test('gets so many answers in ten seconds; then it waits as long as it is told to, and is served again', async () => {
    expect(await statuses(12, () => reserves(south))).toEqual({ 200: 10, 429: 2 });
    clock.advance(3_500);
    const refused = await reserves(south);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      429,
      expect.objectContaining({ code: 'TOO_MANY_REQUESTS', limit: 'requestsPerSecond', most: 1, retryAfterSeconds: 7 }),
    ]);
    expect(await reserves(deep)).toMatchObject({ status: 200 });
    expect(await told()).toEqual([['request-refused', south.identity.address, 'TOO_MANY_REQUESTS', 1]]);
    expect(seller.memory.holds()).toHaveLength(11);
    clock.advance(6_500);
    expect(await reserves(south)).toMatchObject({ status: 200 });
  });

  test('is told so under our signature, and knows when to ask again', async () => {
    const peer = peersOf(south).at(seller.identity.address);
    const one = (n: number) => peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId(`a-${n}`) });
    for (let n = 0; n < 10; n += 1) await one(n);
    await expect(one(10)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS', facts: { status: 429, named: true, retryAfterSeconds: 10 } });
  });

  test('is one buyer under all ids that it takes, and whatever it asks', async () => {
    await statuses(9, () => reserves(south));
    const peer = peersOf(south).at(seller.identity.address);
    const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
    expect(await codeOf(peer.purchase({ transaction: id, buyer: south.identity }))).toBe('TOO_MANY_REQUESTS');
    const other: NodeIdentity = { ...identityOf('other', south.identity.address) };
    expect(await reserve(as(south), other, seller)).toMatchObject({ status: 429 });
  });

  test('may give back and end what it has all the same, and that counts for nothing', async () => {
    const peer = peersOf(south).at(seller.identity.address);
    const key = acquisitionId('a');
    const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: key });
    const { terms } = await peer.purchase({ transaction: id, buyer: south.identity });
    const ends = () => peer.terminate({ contract: terms.id, buyer: south.identity, ending: { reason: 'done' } });
    for (let n = 0; n < 20; n += 1) await ends();
    expect(await statuses(9, () => reserves(south))).toEqual({ 200: 8, 429: 1 });
    await peer.release({ buyer: south.identity, idempotencyKey: key });
    await ends();
    expect(seller.memory.living()).toEqual([]);
  });

  test('has all that it may have, however often somebody else speaks in its name or repeats what it said', async () => {
    const forgedByDeep = () => reserve(as(deep), south.identity, seller);
    expect(await statuses(20, forgedByDeep)).toEqual({ 401: 20 });
    const body = reservation(south.identity);
    const headers = await forged(RESERVATIONS, body, as(south), { 'idempotency-key': 'k' });
    expect(await send(RESERVATIONS, body, headers, seller)).toMatchObject({ status: 200 });
    expect(await statuses(20, () => send(RESERVATIONS, body, headers, seller))).toEqual({ 401: 20 });
    const flipped = { ...headers, signature: headers.signature.replace(/:(.)/, (_, first: string) => `:${first === 'A' ? 'B' : 'A'}`) };
    expect(await send(RESERVATIONS, body, flipped, seller)).toMatchObject(why('forged'));
    expect(await statuses(10, () => reserves(south))).toEqual({ 200: 9, 429: 1 });
  });

  test('may have what its line says; 0 is no limit', async () => {
    const limitsOf = ({ id }: NodeIdentity) => ({ requestsPerSecond: id === south.identity.id ? 2 : 0 });
    const other = await opened('other', { limitsOf });
    const times = (node: RearNode) => statuses(30, () => reserve(as(node, other.identity.address), node.identity, other));
    expect([await times(south), await times(deep)]).toEqual([{ 200: 20, 429: 10 }, { 200: 30 }]);
  });
});

describe('one that does not sign', () => {
  /** A call from an address that this machine has not. */
  const from = (node: RearNode, remoteAddress: string) => {
    const socket = { remoteAddress };
    return async (name: string, accept = 'application/problem+json'): Promise<Response> => {
      const body = Readable.from([Buffer.from(reservation(identityOf(name, `${name}.example:3004`)))]);
      const headers = { accept, 'idempotency-key': `k-${name}`, 'content-type': 'application/json' };
      const call = Object.assign(body, { socket, method: 'POST', url: RESERVATIONS, headers, rawHeaders: [] });
      const request = new Request(`http://north.example${RESERVATIONS}`, { method: 'POST' });
      return await node.routes.fetch(request, { incoming: call as unknown as IncomingMessage, outgoing: {} as never });
    };
  };
  const openLegacy = () => opened('legacy', { ...ofEach({ requestsPerSecond: 1 }), policy: { ...rules(), otherwise: 'legacy' } });

  test('is counted where it calls from: who takes its name elsewhere uses up nothing of it', async () => {
    seller = await openLegacy();
    const [its, another] = [from(seller, '198.51.100.7'), from(seller, '198.51.100.8')];
    expect(await statuses(12, () => another('alice'))).toEqual({ 200: 10, 429: 2 });
    expect(await statuses(12, () => its('alice'))).toEqual({ 200: 10, 429: 2 });
    expect(await statuses(1, () => its('bob'))).toEqual({ 200: 1 });
    const refused = await its('alice', '*/*');
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('content-type')]).toEqual([
      429,
      '10',
      'text/plain; charset=utf-8',
    ]);
    expect(await told()).toEqual([
      ['request-refused', '198.51.100.7', 'TOO_MANY_REQUESTS', 1],
      ['request-refused', '198.51.100.8', 'TOO_MANY_REQUESTS', 1],
    ]);
  });

  test('uses up nothing of one that signs, under whatever names it calls', async () => {
    seller = await opened('mixed', { ...ofEach({ requestsPerSecond: 1 }), policy: { rules: [], otherwise: 'legacy' } });
    const strange = from(seller, '198.51.100.9');
    for (let n = 0; n < 50; n += 1) expect((await strange(`made-up-${n}`)).status).toBe(200);
    const signed = { signer: south.signer, authority: seller.identity.address };
    expect(await statuses(11, () => reserve(signed, south.identity, seller))).toEqual({ 200: 10, 429: 1 });
    expect((await strange(south.identity.id)).status).toBe(200);
  });
});
