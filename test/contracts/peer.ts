/** What every `Peer` must do, real or fake: one suite, given a seller, a buyer and hands on the seller's side. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkContract } from '../../src/domain/contract-check.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { type FaultCode, isFault } from '../../src/domain/faults.ts';
import type { NodeIdentity, SliceFlavor } from '../../src/domain/flavor.ts';
import {
  type AcquisitionId,
  acquisitionId,
  clusterId,
  type ContractId,
  contractId,
  flavorId,
  transactionId,
} from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Notary } from '../../src/ports/notary.ts';
import type { Peer, Peers } from '../../src/ports/peer.ts';

export interface PeerHarness {
  readonly peers: Peers;
  /** Sells `flavor` (8 cpu, 16Gi, 100 pods, 0.8 EUR an hour, cut in whole cpus) and nothing else. */
  readonly seller: NodeIdentity;
  readonly flavor: SliceFlavor;
  /** A node that hears notices. */
  readonly buyer: NodeIdentity;
  /** Nobody listens there. */
  readonly nowhere: string;
  /** Signs as the buyer. */
  readonly notary: Notary;
  now(): number;
  /** Moves the seller's clock. */
  advance(milliseconds: number): void;
  /** The buyer's node has bought this. */
  storeBought(terms: ContractTerms, acquisition: AcquisitionId): Promise<void>;
  endAtSeller(contract: ContractId, ending: Ending): Promise<void>;
  alive(): { readonly holds: number; readonly contracts: number };
  /** Contracts of which the buyer's node was told. */
  notices(): Promise<readonly ContractId[]>;
  close(): Promise<void>;
}

const PART: Resources = { cpu: '2', memory: '4Gi', pods: '20' };
const ENDING: Ending = { reason: 'done', detail: 'no longer needed' };

/** The code with which a call fails. */
export async function codeOf(call: Promise<unknown>): Promise<FaultCode | 'answered'> {
  try {
    await call;
    return 'answered';
  } catch (error) {
    if (isFault(error)) return error.code;
    throw error;
  }
}

export function peerContract(name: string, start: () => Promise<PeerHarness>): void {
  describe(`Peer: ${name}`, () => {
    let at: PeerHarness;
    let seller: Peer;
    let attempt = 0;
    let key: AcquisitionId;
    beforeAll(async () => {
      at = await start();
    });
    afterAll(async () => {
      await at.close();
    });
    beforeEach(() => {
      seller = at.peers.at(at.seller.address);
      attempt += 1;
      key = acquisitionId(`c0ffee00beef-${attempt}`);
    });
    const reserve = (change: { part?: Resources; key?: AcquisitionId; flavor?: string } = {}) =>
      seller.reserve({
        flavor: flavorId(change.flavor ?? at.flavor.id),
        buyer: at.buyer,
        part: change.part ?? PART,
        idempotencyKey: change.key ?? key,
      });
    const buy = async () => {
      const transaction = await reserve();
      return { transaction, ...(await seller.purchase({ transaction: transaction.id, buyer: at.buyer })) };
    };
    const tidy = () => seller.release({ buyer: at.buyer, idempotencyKey: key });
    const cpu = async (): Promise<string | undefined> => {
      const { flavors } = await seller.listFlavors();
      return flavors[0]?.offer.kind === 'k8slice' ? flavors[0].offer.resources.cpu : undefined;
    };

    test('says who it is and what it can do', async () => {
      const { dialect, identity, extensions } = await seller.describe();
      expect({ dialect, id: identity?.id, cluster: identity?.clusterId }).toEqual({
        dialect: 'rearguard',
        id: at.seller.id,
        cluster: at.seller.clusterId,
      });
      expect(extensions).toEqual(
        expect.arrayContaining(['release', 'terminate', 'contract', 'credentials', 'idempotency-key', 'countersign']),
      );
    });

    test('lists what it sells', async () => {
      const { flavors, unreadable } = await seller.listFlavors();
      expect(unreadable).toEqual([]);
      expect(flavors).toEqual([at.flavor]);
    });

    test('a reservation lowers what is listed; the same key gives it again; its end is not moved', async () => {
      const first = await reserve();
      expect(await cpu()).toBe('6');
      at.advance(5_000);
      expect(await reserve()).toEqual(first);
      expect(await cpu()).toBe('6');
      expect(Date.parse(first.expiresAt)).toBeGreaterThan(at.now());
      await tidy();
      expect(await cpu()).toBe('8');
    });

    test('another key is another reservation', async () => {
      const other = acquisitionId(`${key}0`);
      const [first, second] = [await reserve(), await reserve({ key: other })];
      expect(second.id).not.toBe(first.id);
      await tidy();
      await seller.release({ buyer: at.buyer, idempotencyKey: other });
    });

    test.each([
      ['an unknown flavor', { flavor: 'nobody.example-k8slice-ffff' }, 'FLAVOR_GONE'],
      ['more than there is', { part: { ...PART, cpu: '9' } }, 'NOT_ENOUGH'],
      ['half a step', { part: { ...PART, cpu: '1500m' } }, 'CONFIGURATION_INVALID'],
      ['less than nothing', { part: { ...PART, cpu: '-2' } }, 'CONFIGURATION_INVALID'],
    ])('refuses to reserve %s', async (_what, change, code) => {
      expect(await codeOf(reserve(change))).toBe(code);
      expect(at.alive().holds).toBe(0);
    });

    test('a released key is never served again, whether it held anything or not', async () => {
      await tidy();
      expect(await codeOf(reserve())).toBe('HOLD_RELEASED');
      await tidy();
      expect(at.alive()).toEqual({ holds: 0, contracts: 0 });
    });

    test('sells exactly what was reserved, with credentials, and gives the same contract again', async () => {
      const { transaction, terms, credentials } = await buy();
      checkContract(
        {
          transaction: transaction.id,
          flavor: at.flavor,
          part: PART,
          buyer: at.buyer,
          dialect: 'rearguard',
          skewMs: 60_000,
          lifetimeMs: { min: 60_000, max: 400 * 86_400_000 },
        },
        terms,
        at.now(),
      );
      expect(terms.price).toEqual({ amount: '0.2', currency: 'EUR', period: 'hourly' });
      expect(credentials?.clusterId).toBe(at.seller.clusterId);
      expect(credentials?.kubeconfig).not.toBe('');
      at.advance(120_000);
      const again = await seller.purchase({ transaction: transaction.id, buyer: at.buyer });
      expect(again.terms).toEqual(terms);
      expect(at.alive()).toEqual({ holds: 0, contracts: 1 });
      await tidy();
      expect(at.alive()).toEqual({ holds: 0, contracts: 0 });
    });

    test('signs what it sells, and takes the signature of its buyer alone, as often as it comes', async () => {
      const { terms, agreement, transaction } = await buy();
      if (!agreement) throw new Error('it sold without a signature');
      const { signatures } = await at.notary.countersign({ terms, agreement });
      const [sellers, buyers] = signatures;
      if (!sellers || !buyers) throw new Error('two signatures');
      const countersign = (signature: typeof buyers, buyer = at.buyer) => seller.countersign({ contract: terms.id, buyer, signature });
      expect(await codeOf(countersign(sellers))).toBe('BUYER_REFUSED');
      expect(await codeOf(countersign({ ...buyers, signature: sellers.signature }))).toBe('BUYER_REFUSED');
      expect(await codeOf(countersign(buyers, { ...at.buyer, id: at.seller.id }))).toBe('BUYER_REFUSED');
      await countersign(buyers);
      await countersign(buyers);
      const again = await seller.purchase({ transaction: transaction.id, buyer: at.buyer });
      expect(again.agreement).toEqual({ payload: agreement.payload, signatures: [sellers, buyers] });
      await seller.terminate({ contract: terms.id, buyer: at.buyer, ending: ENDING });
      expect(await codeOf(countersign(buyers))).toBe('CONTRACT_OVER');
    });

    test('an expired reservation is not sold', async () => {
      const { id } = await reserve();
      at.advance(61_000);
      expect(await codeOf(seller.purchase({ transaction: id, buyer: at.buyer }))).toBe('HOLD_EXPIRED');
    });

    test('a released reservation is not sold', async () => {
      const { id } = await reserve();
      await tidy();
      expect(await codeOf(seller.purchase({ transaction: id, buyer: at.buyer }))).toBe('HOLD_RELEASED');
    });

    test('what was never reserved is not sold, and not to somebody else', async () => {
      const unknown = transactionId(`${'0'.repeat(31)}f-1`);
      expect(await codeOf(seller.purchase({ transaction: unknown, buyer: at.buyer }))).toBe('HOLD_EXPIRED');
      const { id } = await reserve();
      const stranger = { ...at.buyer, id: at.seller.id };
      expect(await codeOf(seller.purchase({ transaction: id, buyer: stranger }))).toBe('BUYER_REFUSED');
      await tidy();
    });

    test('a cluster id that another node holds is refused before any hold', async () => {
      const { id } = await reserve();
      const thief = { ...at.buyer, id: at.seller.id };
      const call = seller.reserve({ flavor: at.flavor.id, buyer: thief, part: PART, idempotencyKey: acquisitionId(`${key}1`) });
      expect(await codeOf(call)).toBe('BUYER_REFUSED');
      expect(id).not.toBe('');
      await tidy();
      expect(at.alive().holds).toBe(0);
    });

    test('the buyer ends a contract, twice if it must; both can read why', async () => {
      const { terms, transaction } = await buy();
      expect(await seller.readContract(terms.id)).toEqual({ state: 'active' });
      await seller.terminate({ contract: terms.id, buyer: at.buyer, ending: ENDING });
      await seller.terminate({ contract: terms.id, buyer: at.buyer, ending: ENDING });
      const { state, ending } = await seller.readContract(terms.id);
      expect(state).not.toBe('active');
      expect(ending).toEqual(ENDING);
      expect(await codeOf(seller.purchase({ transaction: transaction.id, buyer: at.buyer }))).toBe('CONTRACT_OVER');
      expect(await codeOf(seller.refreshCredentials({ contract: terms.id, buyer: at.buyer }))).toBe('CONTRACT_OVER');
    });

    test('a stranger ends nothing and gets no credentials', async () => {
      const { terms } = await buy();
      const stranger = { ...at.buyer, id: at.seller.id, clusterId: clusterId('stranger-1') };
      expect(await codeOf(seller.terminate({ contract: terms.id, buyer: stranger, ending: ENDING }))).toBe('BUYER_REFUSED');
      expect(await codeOf(seller.refreshCredentials({ contract: terms.id, buyer: stranger }))).toBe('BUYER_REFUSED');
      expect((await seller.readContract(terms.id)).state).toBe('active');
      await tidy();
    });

    test('the seller ends a contract: the buyer hears of it, reads it back, and why', async () => {
      const { terms } = await buy();
      await at.storeBought(terms, key);
      await at.endAtSeller(terms.id, { reason: 'withdrawn-by-seller' });
      await at.peers.at(at.buyer.address).notifyEnd({ contract: terms.id, ending: { reason: 'withdrawn-by-seller' } });
      expect(await at.notices()).toContain(terms.id);
      expect(await seller.readContract(terms.id)).toEqual({ state: 'over', ending: { reason: 'withdrawn-by-seller' } });
    });

    test('gives living credentials for a living contract', async () => {
      const { terms } = await buy();
      const fresh = await seller.refreshCredentials({ contract: terms.id, buyer: at.buyer });
      expect(fresh.clusterId).toBe(at.seller.clusterId);
      await tidy();
    });

    test('knows when it does not know a contract', async () => {
      const unknown = contractId('contract-00000000000000000000000000000000');
      expect(await codeOf(seller.readContract(unknown))).toBe('CONTRACT_UNKNOWN');
      expect(await codeOf(seller.terminate({ contract: unknown, buyer: at.buyer, ending: ENDING }))).toBe('CONTRACT_UNKNOWN');
      expect(await codeOf(seller.refreshCredentials({ contract: unknown, buyer: at.buyer }))).toBe('CONTRACT_UNKNOWN');
    });

    test('nobody there is unreachable', async () => {
      expect(await codeOf(at.peers.at(at.nowhere).listFlavors())).toBe('PEER_UNREACHABLE');
    });

    test('an aborted call ends with the caller’s reason', async () => {
      const reason = new Error('cancelled');
      await expect(at.peers.at(at.seller.address, { signal: AbortSignal.abort(reason) }).listFlavors()).rejects.toBe(reason);
    });
  });
}
