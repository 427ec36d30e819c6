/** What every `Peer` must do, real or fake: one suite, given a seller, a buyer and hands on the seller's side. */
import { describe, expect, test } from 'vitest';
import { checkContract } from '../../src/domain/contract-check.ts';
import { acquisitionId, transactionId } from '../../src/domain/ids.ts';
import { peerEnds } from './peer-ends.ts';
import { codeOf, endOf, ENDING, openPeer, PART, type PeerHarness } from './peer-harness.ts';

export function peerContract(name: string, start: () => Promise<PeerHarness>): void {
  describe(`Peer: ${name}`, () => {
    const on = openPeer(start);
    const { reserve, buy, tidy } = on;
    const cpu = async (): Promise<string | undefined> => {
      const { flavors } = await on.seller.listFlavors();
      return flavors[0]?.offer.kind === 'k8slice' ? flavors[0].offer.resources.cpu : undefined;
    };

    test('says who it is and what it can do', async () => {
      const { dialect, identity, extensions } = await on.seller.describe();
      expect({ dialect, id: identity?.id, cluster: identity?.clusterId }).toEqual({
        dialect: 'rearguard',
        id: on.at.seller.id,
        cluster: on.at.seller.clusterId,
      });
      expect(extensions).toEqual(
        expect.arrayContaining(['release', 'terminate', 'contract', 'credentials', 'idempotency-key', 'countersign']),
      );
    });

    test('lists what it sells', async () => {
      const { flavors, unreadable } = await on.seller.listFlavors();
      expect(unreadable).toEqual([]);
      expect(flavors).toEqual([on.at.flavor]);
    });

    test('a reservation lowers what is listed; the same key gives it again; its end is not moved', async () => {
      const first = await reserve();
      expect(await cpu()).toBe('6');
      on.at.advance(5_000);
      expect(await reserve()).toEqual(first);
      expect(await cpu()).toBe('6');
      expect(Date.parse(first.expiresAt)).toBeGreaterThan(on.at.now());
      await tidy();
      expect(await cpu()).toBe('8');
    });

    test('another key is another reservation', async () => {
      const other = acquisitionId(`${on.key}0`);
      const [first, second] = [await reserve(), await reserve({ key: other })];
      expect(second.id).not.toBe(first.id);
      await tidy();
      await on.seller.release({ buyer: on.at.buyer, idempotencyKey: other });
    });

    test.each([
      ['an unknown flavor', { flavor: 'nobody.example-k8slice-ffff' }, 'FLAVOR_GONE'],
      ['more than there is', { part: { ...PART, cpu: '9' } }, 'NOT_ENOUGH'],
      ['half a step', { part: { ...PART, cpu: '1500m' } }, 'CONFIGURATION_INVALID'],
      ['less than nothing', { part: { ...PART, cpu: '-2' } }, 'CONFIGURATION_INVALID'],
    ])('refuses to reserve %s', async (_what, change, code) => {
      expect(await codeOf(reserve(change))).toBe(code);
      expect(on.at.alive().holds).toBe(0);
    });

    test('a released key is never served again, whether it held anything or not', async () => {
      await tidy();
      expect(await codeOf(reserve())).toBe('HOLD_RELEASED');
      await tidy();
      expect(on.at.alive()).toEqual({ holds: 0, contracts: 0 });
    });

    test('sells exactly what was reserved, with credentials, and gives the same contract again', async () => {
      const { transaction, terms, credentials } = await buy();
      checkContract(
        {
          transaction: transaction.id,
          flavor: on.at.flavor,
          part: PART,
          buyer: on.at.buyer,
          dialect: 'rearguard',
          skewMs: 60_000,
          lifetimeMs: { min: 60_000, max: 400 * 86_400_000 },
        },
        terms,
        on.at.now(),
      );
      expect(terms.price).toEqual({ amount: '0.2', currency: 'EUR', period: 'hourly' });
      expect(credentials?.clusterId).toBe(on.at.seller.clusterId);
      expect(credentials?.kubeconfig).not.toBe('');
      on.at.advance(120_000);
      const again = await on.seller.purchase({ transaction: transaction.id, buyer: on.at.buyer });
      expect(again.terms).toEqual(terms);
      expect(on.at.alive()).toEqual({ holds: 0, contracts: 1 });
      await tidy();
      expect(on.at.alive()).toEqual({ holds: 0, contracts: 0 });
    });

    test('signs what it sells, and takes the signature of its buyer alone, as often as it comes', async () => {
      const { terms, agreement, transaction } = await buy();
      if (!agreement) throw new Error('it sold without a signature');
      const { signatures } = await on.at.notary.countersign({ terms, agreement });
      const [sellers, buyers] = signatures;
      if (!sellers || !buyers) throw new Error('two signatures');
      const countersign = (signature: typeof buyers, buyer = on.at.buyer) =>
        on.seller.countersign({ contract: terms.id, buyer, signature });
      expect(await codeOf(countersign(sellers))).toBe('BUYER_REFUSED');
      expect(await codeOf(countersign({ ...buyers, signature: sellers.signature }))).toBe('BUYER_REFUSED');
      expect(await codeOf(countersign(buyers, { ...on.at.buyer, id: on.at.seller.id }))).toBe('BUYER_REFUSED');
      await countersign(buyers);
      await countersign(buyers);
      const again = await on.seller.purchase({ transaction: transaction.id, buyer: on.at.buyer });
      expect(again.agreement).toEqual({ payload: agreement.payload, signatures: [sellers, buyers] });
      await on.seller.terminate({ contract: terms.id, buyer: on.at.buyer, ending: ENDING });
      expect(await endOf(countersign(buyers))).toEqual(ENDING);
    });

    test('an expired reservation is not sold', async () => {
      const { id } = await reserve();
      on.at.advance(61_000);
      expect(await codeOf(on.seller.purchase({ transaction: id, buyer: on.at.buyer }))).toBe('HOLD_EXPIRED');
    });

    test('a released reservation is not sold', async () => {
      const { id } = await reserve();
      await tidy();
      expect(await codeOf(on.seller.purchase({ transaction: id, buyer: on.at.buyer }))).toBe('HOLD_RELEASED');
    });

    test('what was never reserved is not sold, and not to somebody else', async () => {
      const unknown = transactionId(`${'0'.repeat(31)}f-1`);
      expect(await codeOf(on.seller.purchase({ transaction: unknown, buyer: on.at.buyer }))).toBe('HOLD_EXPIRED');
      const { id } = await reserve();
      const stranger = { ...on.at.buyer, id: on.at.seller.id };
      expect(await codeOf(on.seller.purchase({ transaction: id, buyer: stranger }))).toBe('BUYER_REFUSED');
      await tidy();
    });

    test('a cluster id that another node holds is refused before any hold', async () => {
      const { id } = await reserve();
      const thief = { ...on.at.buyer, id: on.at.seller.id };
      const call = on.seller.reserve({ flavor: on.at.flavor.id, buyer: thief, part: PART, idempotencyKey: acquisitionId(`${on.key}1`) });
      expect(await codeOf(call)).toBe('BUYER_REFUSED');
      expect(id).not.toBe('');
      await tidy();
      expect(on.at.alive().holds).toBe(0);
    });

    test('nobody there is unreachable', async () => {
      expect(await codeOf(on.at.peers.at(on.at.nowhere).listFlavors())).toBe('PEER_UNREACHABLE');
    });

    test('an aborted call ends with the caller’s reason', async () => {
      const reason = new Error('cancelled');
      await expect(on.at.peers.at(on.at.seller.address, { signal: AbortSignal.abort(reason) }).listFlavors()).rejects.toBe(reason);
    });
    peerEnds(on);
  });
}
