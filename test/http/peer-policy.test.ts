/** What an operator says of other nodes, and that a node that signs is held to it. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { httpPeers } from '../../src/adapters/rear-http/peers.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import type { PeerRule, PeerRules } from '../../src/domain/peer-policy.ts';
import { writeBuyer } from '../../src/rear/extensions.ts';
import { identityOf } from '../fakes/samples.ts';
import type { RearNode } from '../fakes/rear-node.ts';
import {
  type Forging,
  SIGNED,
  rules,
  SLICE,
  PART,
  RESERVATIONS,
  reservation,
  why,
  codeOf,
  openSigningNodes,
  type SigningNodes,
} from '../fakes/signing-nodes.ts';

vi.setConfig({ testTimeout: 30_000 });

let { clock, south, deep, open, peersOf, send, reserve, close } = {} as SigningNodes;
beforeEach(async () => {
  ({ clock, south, deep, open, peersOf, send, reserve, close } = await openSigningNodes());
});
afterEach(() => close());

describe('whose operator says so', () => {
  const at = async (policy: PeerRules, more: { legacyBuyers?: boolean } = {}) => await open('strict', { policy, ...more });
  const unsigned = (to: RearNode, key?: string, buyer = south.identity) =>
    send(RESERVATIONS, reservation(buyer), { accept: 'application/problem+json', ...(key && { 'idempotency-key': key }) }, to);
  const toThat = (to: RearNode, change: Forging = {}, buyer = south.identity) =>
    reserve({ authority: `127.0.0.1:${to.port}`, ...change }, buyer, to);

  test.each<[string, () => PeerRule]>([
    ['id', () => ({ node: south.identity.id, policy: 'blocked' })],
    ['domain', () => ({ domain: 'SOUTH.example', policy: 'blocked' })],
    ['address', () => ({ address: south.identity.address, policy: 'blocked' })],
    ['host', () => ({ address: '127.0.0.1', policy: 'blocked' })],
    ['host in other words', () => ({ address: '0x7f.1', policy: 'blocked' })],
    ['address in other words', () => ({ address: `[::FFFF:7f00:1]:${south.port}`, policy: 'blocked' })],
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

  describe('an address need not sign', () => {
    const LEGACY: PeerRule = { address: '192.0.2.77', policy: 'legacy' };
    const there = (buyer = south.identity) => ({ ...buyer, address: '192.0.2.77:1' });
    const pin = (): PeerRule => ({ node: south.identity.id, address: south.identity.address, policy: 'signed' });
    const credentials = (to: RearNode, contract: string, buyer = there()) =>
      send(
        `/api/v2/contracts/${contract}/credentials`,
        JSON.stringify(writeBuyer(buyer)),
        { accept: 'application/problem+json', 'content-type': 'application/json' },
        to,
      );
    const buy = async (to: RearNode, peers = peersOf(south)) => {
      const peer = peers.at(to.identity.address);
      const { id } = await peer.reserve({ flavor: SLICE, buyer: south.identity, part: PART, idempotencyKey: acquisitionId('a') });
      return (await peer.purchase({ transaction: id, buyer: south.identity })).terms.id;
    };

    test.each<[string, () => readonly PeerRule[], string]>([
      ['there after it is pinned elsewhere', () => [pin(), LEGACY], 'not-theirs'],
      ['there before it is pinned elsewhere', () => [LEGACY, pin()], 'not-theirs'],
      ['there, and its id must sign', () => [LEGACY, { node: south.identity.id, policy: 'signed' }], 'missing'],
      ['there, and it signed elsewhere', () => [LEGACY], 'missing'],
    ])('nobody is a node that is not %s', async (_, lines, reason) => {
      const node = await at(rules(...lines()), { legacyBuyers: true });
      const contract = await buy(node);
      for (const key of ['k', undefined]) {
        expect(await unsigned(node, key, there())).toMatchObject(why(reason));
        expect(await unsigned(node, key, there(identityOf('other')))).toMatchObject({ status: 200 });
      }
      expect(await credentials(node, contract)).toMatchObject({ status: 401, text: expect.not.stringContaining('kubeconfig') });
    });

    test('what is there may sign for a while, and then not', async () => {
      const node = await at(rules({ address: south.identity.address, policy: 'legacy' }));
      expect(await toThat(node)).toMatchObject({ status: 200 });
      expect(await unsigned(node, 'k')).toMatchObject({ status: 200 });
    });

    test('a contract is the business of the address that it was made with, unless a line says that its node is elsewhere now', async () => {
      const lines: PeerRule[] = [LEGACY];
      const node = await at({ rules: lines, otherwise: 'legacy' });
      const contract = await buy(node, httpPeers({ clock }));
      expect(await credentials(node, contract, south.identity)).toMatchObject({ status: 200 });
      expect(await credentials(node, contract)).toMatchObject(why('not-theirs'));
      lines.unshift({ ...LEGACY, node: south.identity.id });
      expect(await credentials(node, contract)).toMatchObject({ status: 200 });
    });
  });

  test('a node that is pinned and has not called yet is nobody else, FLUIDOS node or not', async () => {
    const { id: node, address } = south.identity;
    for (const [line, reason] of [
      [{ node, address, policy: 'signed' }, 'not-theirs'],
      [{ node, policy: 'signed' }, 'missing'],
    ] as const) {
      const pinning = await at(
        { rules: [{ domain: south.identity.domain, policy: 'legacy' }, line], otherwise: 'legacy' },
        { legacyBuyers: true },
      );
      for (const key of ['k', undefined]) {
        for (const from of ['192.0.2.77:1', ''])
          expect(await unsigned(pinning, key, { ...south.identity, address: from })).toMatchObject(why(reason));
        expect(await unsigned(pinning, key)).toMatchObject(why('missing'));
        expect(await unsigned(pinning, key, deep.identity)).toMatchObject({ status: 200 });
      }
    }
  });

  test('a node is pinned to its keys and to its address', async () => {
    const [{ kid = '' } = {}] = await south.signer.published();
    const thumbprint = kid.split('#')[1] ?? '';
    const pinning = await at(rules({ node: south.identity.id, policy: 'signed', keys: [thumbprint] }));
    expect(await toThat(pinning)).toMatchObject({ status: 200 });
    await south.signer.rotate({ overlapMs: 0 });
    expect(await toThat(pinning)).toMatchObject(why('key'));
    const moved = { ...south.identity, address: deep.identity.address };
    const placing = await at(rules({ node: south.identity.id, address: deep.identity.address, policy: 'signed' }));
    expect(await toThat(placing)).toMatchObject(why('not-theirs'));
    expect(await toThat(placing, { signer: deep.signer }, moved)).toMatchObject({ status: 200 });
  });
});
