/** How a contract goes on and ends, of the suite of `Peer`. */
import { expect, test } from 'vitest';
import { clusterId, contractId } from '../../src/domain/ids.ts';
import { codeOf, ENDING, endOf, type openPeer } from './peer-harness.ts';

export function peerEnds(on: ReturnType<typeof openPeer>): void {
  const { buy, tidy } = on;

  test('the buyer ends a contract, twice if it must; both can read why', async () => {
    const { terms, transaction } = await buy();
    expect(await on.seller.readContract(terms.id)).toEqual({ state: 'active' });
    await on.seller.terminate({ contract: terms.id, buyer: on.at.buyer, ending: ENDING });
    await on.seller.terminate({ contract: terms.id, buyer: on.at.buyer, ending: ENDING });
    const { state, ending } = await on.seller.readContract(terms.id);
    expect(state).not.toBe('active');
    expect(ending).toEqual(ENDING);
    expect(await endOf(on.seller.purchase({ transaction: transaction.id, buyer: on.at.buyer }))).toEqual(ENDING);
    expect(await endOf(on.seller.refreshCredentials({ contract: terms.id, buyer: on.at.buyer }))).toEqual(ENDING);
  });

  test('a stranger ends nothing and gets no credentials', async () => {
    const { terms } = await buy();
    const stranger = { ...on.at.buyer, id: on.at.seller.id, clusterId: clusterId('stranger-1') };
    expect(await codeOf(on.seller.terminate({ contract: terms.id, buyer: stranger, ending: ENDING }))).toBe('BUYER_REFUSED');
    expect(await codeOf(on.seller.refreshCredentials({ contract: terms.id, buyer: stranger }))).toBe('BUYER_REFUSED');
    expect((await on.seller.readContract(terms.id)).state).toBe('active');
    await tidy();
  });

  test('the seller ends a contract: the buyer hears of it, reads it back, and why', async () => {
    const { terms } = await buy();
    await on.at.storeBought(terms, on.key);
    await on.at.endAtSeller(terms.id, { reason: 'withdrawn-by-seller' });
    await on.at.peers.at(on.at.buyer.address).notifyEnd({ contract: terms.id, ending: { reason: 'withdrawn-by-seller' } });
    expect(await on.at.notices()).toContain(terms.id);
    expect(await on.seller.readContract(terms.id)).toEqual({ state: 'over', ending: { reason: 'withdrawn-by-seller' } });
  });

  test('gives living credentials for a living contract', async () => {
    const { terms } = await buy();
    const fresh = await on.seller.refreshCredentials({ contract: terms.id, buyer: on.at.buyer });
    expect(fresh.clusterId).toBe(on.at.seller.clusterId);
    await tidy();
  });

  test('knows when it does not know a contract', async () => {
    const unknown = contractId('contract-00000000000000000000000000000000');
    expect(await codeOf(on.seller.readContract(unknown))).toBe('CONTRACT_UNKNOWN');
    expect(await codeOf(on.seller.terminate({ contract: unknown, buyer: on.at.buyer, ending: ENDING }))).toBe('CONTRACT_UNKNOWN');
    expect(await codeOf(on.seller.refreshCredentials({ contract: unknown, buyer: on.at.buyer }))).toBe('CONTRACT_UNKNOWN');
  });
}
