import { beforeEach, describe, expect, it } from 'vitest';
import type { Agreement } from '../../src/domain/agreement.ts';
import { acquisitionId, type ContractId, contractId, contractOf } from '../../src/domain/ids.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { Inventory } from '../../src/ports/inventory.ts';
import { writeTime } from '../../src/rear/flavor.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, termsOf } from './samples.ts';

const DAY = 86_400_000;
const EXPIRED: Ending = { reason: 'expired' };
const signed = (words: string): Agreement => ({ payload: words, signatures: [] });

/** What every `Contracts` does with later ends; `make` answers an empty one, and the inventory that shares its rows. */
export function renewalsContract(make: () => Promise<{ readonly contracts: Contracts; readonly inventory: Inventory }>): void {
  /** When the last contract was sold. */
  let soldAt = NOON;
  const until = (days: number): string => new Date(soldAt + days * DAY).toISOString();
  let { contracts, inventory } = {} as { contracts: Contracts; inventory: Inventory };
  beforeEach(async () => {
    ({ contracts, inventory } = await make());
  });
  const sold = async (): Promise<ContractId> => {
    await inventory.publish(flavorOf('000c'));
    const transaction = newTransaction();
    await inventory.reserve({
      flavor: flavorOf('000c').id,
      buyer: buyerOf('bob'),
      part: ONE,
      idempotencyKey: `k-${transaction}`,
      transaction,
      ttlMs: 60_000,
    });
    const contract = contractOf(transaction);
    const { terms } = await inventory.sell({ transaction, contract, seller: SELLER, lifetimeMs: DAY });
    soldAt = Date.parse(terms.expiresAt) - DAY;
    return contract;
  };
  const renew = (contract: ContractId, number: number, words = `renewal ${number}`, role: 'buyer' | 'seller' = 'seller') =>
    contracts.renew({ contract, role, number, renewal: signed(words), until: until(number + 1) });
  const lapse = (contract: ContractId, days: number) => contracts.lapse({ contract, expiresAt: soldAt + days * DAY, ending: EXPIRED });

  it('keeps them beside the terms, one after the other, and tells the last in lists', async () => {
    const contract = await sold();
    expect(await renew(contract, 1)).toBe(true);
    expect(await renew(contract, 2)).toBe(true);
    const renewals = [signed('renewal 1'), signed('renewal 2')];
    expect(await contracts.get(contract)).toMatchObject({ renewals, renewedUntil: until(3), terms: { expiresAt: writeTime(until(1)) } });
    const [listed] = await contracts.list();
    expect(listed).toMatchObject({ renewedUntil: until(3) });
    expect(listed).not.toHaveProperty('renewals');
  });

  it('takes the same document again for success, and no other one of its number, or out of turn', async () => {
    const contract = await sold();
    expect(await renew(contract, 2)).toBe(false);
    for (const _ of [1, 2]) expect(await renew(contract, 1)).toBe(true);
    expect(await renew(contract, 1, 'another')).toBe(false);
    expect(await renew(contract, 2)).toBe(true);
    expect(await renew(contract, 1)).toBe(true);
    expect((await contracts.get(contract))?.renewals).toHaveLength(2);
  });

  it('of what was bought are the buyer’s to keep', async () => {
    const { id } = termsOf();
    await contracts.storeBought({ terms: termsOf({ id }), acquisition: acquisitionId('a-1') });
    expect(await renew(id, 1)).toBe(false);
    expect(await renew(id, 1, 'renewal 1', 'buyer')).toBe(true);
    expect(await contracts.get(id)).toMatchObject({ role: 'buyer', renewedUntil: until(2) });
  });

  it('come not to what ends, nor to what never was', async () => {
    const contract = await sold();
    await contracts.markEnding({ contract, ending: EXPIRED });
    expect(await renew(contract, 1)).toBe(false);
    expect(await renew(contractId('contract-x'), 1)).toBe(false);
  });

  describe('the end', () => {
    it('comes when it is the last that was agreed', async () => {
      const contract = await sold();
      expect(await lapse(contract, 1)).toBeUndefined();
      expect(await contracts.get(contract)).toMatchObject({ state: 'ending', ending: EXPIRED });
      expect(await renew(contract, 1)).toBe(false);
      // Whoever asks again, after a crash, hears the same.
      expect(await lapse(contract, 1)).toBeUndefined();
    });

    it('does not come when there is a later one, which it answers', async () => {
      const contract = await sold();
      await renew(contract, 1);
      expect(await lapse(contract, 1)).toBe(until(2));
      expect(await contracts.get(contract)).toMatchObject({ state: 'active' });
      expect(await lapse(contract, 2)).toBeUndefined();
    });

    it('and a renewal of the same moment agree on who was first', async () => {
      for (let round = 0; round < 5; round += 1) {
        const contract = await sold();
        const [renewed, later] = await Promise.all([renew(contract, 1), lapse(contract, 1)]);
        const state = (await contracts.get(contract))?.state;
        expect([renewed, later, state]).toEqual(renewed ? [true, until(2), 'active'] : [false, undefined, 'ending']);
        await inventory.giveBack({ contract, ending: EXPIRED });
      }
    });

    it('of what was bought is nobody’s to mark here', async () => {
      const { id } = termsOf();
      await contracts.storeBought({ terms: termsOf({ id }), acquisition: acquisitionId('a-1') });
      await expect(lapse(id, 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await contracts.get(id)).toMatchObject({ state: 'active' });
    });
  });

  it('follow no notice, of which the first stays', async () => {
    const contract = await sold();
    const notice = { ending: { reason: 'drained', detail: 'rack 7' } as const, endsAt: until(0.5) };
    await contracts.giveNotice({ contract, notice });
    await contracts.giveNotice({ contract, notice: { ending: { reason: 'operator' }, endsAt: until(0.1) } });
    expect(await contracts.get(contract)).toMatchObject({ state: 'active', notice });
    expect(await contracts.list()).toMatchObject([{ notice }]);
    expect(await renew(contract, 1)).toBe(false);
    await contracts.markEnding({ contract, ending: notice.ending });
    expect(await contracts.get(contract)).toMatchObject({ state: 'ending', ending: notice.ending });
    await contracts.giveNotice({ contract: contractId('contract-x'), notice });
  });

  it('are for what would be sold on the same terms today', async () => {
    await sold();
    const { id } = flavorOf('000c');
    expect(await inventory.serves(id)).toBe(true);
    await inventory.withdraw(id);
    expect(await inventory.serves(id)).toBe(false);
    expect(await inventory.serves(flavorOf('000d').id)).toBe(false);
  });
}
