/** What every `Peer` does with a renewal, real or fake. The harness's flavor promises one, on request. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Contract } from '../../src/domain/contract.ts';
import { acquisitionId } from '../../src/domain/ids.ts';
import { nextEnd } from '../../src/domain/renewal.ts';
import { codeOf, endOf, type PeerHarness } from './peer-harness.ts';

export function peerRenewalContract(name: string, start: () => Promise<PeerHarness>): void {
  describe(`Renewals at a peer: ${name}`, () => {
    let at: PeerHarness;
    let attempt = 0;
    beforeAll(async () => {
      at = await start();
    });
    afterAll(async () => {
      await at.close();
    });
    const buy = async (): Promise<Contract> => {
      const seller = at.peers.at(at.seller.address);
      attempt += 1;
      const part = { cpu: '1', memory: '2Gi', pods: '10' };
      const idempotencyKey = acquisitionId(`c0ffee00face-${attempt}`);
      const { id } = await seller.reserve({ flavor: at.flavor.id, buyer: at.buyer, part, idempotencyKey });
      const { terms, agreement: offered } = await seller.purchase({ transaction: id, buyer: at.buyer });
      if (!offered) throw new Error('not signed');
      const agreement = await at.notary.countersign({ terms, agreement: offered });
      const [, signature] = agreement.signatures;
      if (!signature) throw new Error('not countersigned');
      await seller.countersign({ contract: terms.id, buyer: at.buyer, signature });
      return { terms, agreement, role: 'buyer', state: 'active' };
    };
    const propose = async (contract: Contract) => {
      const until = nextEnd(contract) ?? '';
      return { until, proposed: await at.notary.proposeRenewal({ contract, until }) };
    };
    const renew = (contract: Contract, proposed: Awaited<ReturnType<typeof propose>>['proposed'], buyer = at.buyer) =>
      at.peers.at(at.seller.address).renew({ contract: contract.terms.id, buyer, proposed });

    test('a contract goes on, once for each document, and each follows from the one before', async () => {
      const contract = await buy();
      const { until, proposed } = await propose(contract);
      expect(Date.parse(until) - Date.parse(contract.terms.expiresAt)).toBe(at.flavor.terms?.renewal?.forMs);
      const granted = await renew(contract, proposed);
      await at.notary.checkRenewal({ contract, until, granted });
      expect(await renew(contract, proposed)).toEqual(granted);
      const renewed: Contract = { ...contract, renewals: [granted], renewedUntil: until };
      const second = await propose(renewed);
      expect(Date.parse(second.until) - Date.parse(until)).toBe(at.flavor.terms?.renewal?.forMs);
      const again = await renew(renewed, second.proposed);
      expect(again.payload).not.toBe(granted.payload);
      // What follows from the first end follows from the last no more; and it is answered as it was then.
      expect(await renew(contract, proposed)).toEqual(granted);
    });

    test('not by another end, by somebody else, or after its own', async () => {
      const contract = await buy();
      const { proposed } = await propose(contract);
      const longer = await at.notary.proposeRenewal({ contract, until: '2999-01-01T00:00:00Z' });
      expect(await codeOf(renew(contract, longer))).toBe('RENEWAL_REFUSED');
      expect(await codeOf(renew(contract, proposed, { ...at.buyer, id: at.seller.id }))).toBe('BUYER_REFUSED');
      expect(await codeOf(renew(contract, { ...proposed, signatures: contract.agreement?.signatures ?? [] }))).toBe('BUYER_REFUSED');
      await at.endAtSeller(contract.terms.id, { reason: 'withdrawn-by-seller' });
      expect(await endOf(renew(contract, proposed))).toEqual({ reason: 'withdrawn-by-seller' });
    });
  });
}
