import { describe, expect, it } from 'vitest';
import type { BuyerLimits } from '../../src/domain/buyer-limits.ts';
import { contractOf, type TransactionId } from '../../src/domain/ids.ts';
import { alice, type InventorySubject, openDesk, TTL, YEAR } from './inventory-desk.ts';
import { buyerOf, flavorOf, NOON, ONE, SELLER } from './samples.ts';

const bob = buyerOf('bob');
/** Each lets somebody have two of ONE, which is a tenth of a flavor for 1 EUR an hour. */
const LIMITS: readonly (readonly [string, BuyerLimits, Readonly<Record<'most' | 'used' | 'wanted', string>>])[] = [
  ['cpu', { cpu: '2' }, { most: '2', used: '2', wanted: '1' }],
  ['memory', { memory: '4Gi' }, { most: '4Gi', used: '4Gi', wanted: '2Gi' }],
  ['pods', { pods: '20' }, { most: '20', used: '20', wanted: '10' }],
  ['credit', { credit: [{ amount: '0.20', currency: 'eur' }] }, { most: '0.2 eur/h', used: '0.2 eur/h', wanted: '0.1 eur/h' }],
];

/** What every `Inventory` does with a buyer that may not have everything. */
export function limitsContract(make: () => Promise<InventorySubject>): void {
  const { inventory, contracts, setClock, fails, reserve, sell } = openDesk(make);
  const asLimited = (limits: BuyerLimits) => (key: string, change: object) => reserve(ONE, key, { limits, ...change });
  const sellTo = (transaction: TransactionId, limits: BuyerLimits) =>
    inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: YEAR, limits: () => limits });
  const giveBack = (transaction: TransactionId) =>
    inventory.giveBack({ contract: contractOf(transaction), transaction, ending: { reason: 'done' } });

  describe.each(LIMITS)('a limit of %s', (limit, limits, words) => {
    const cut = asLimited(limits);
    it('counts what is reserved and what is bought, and is refused with what is in use', async () => {
      const { id } = await cut('k1', {});
      await sellTo(id, limits);
      await cut('k2', {});
      await expect(cut('k3', {})).rejects.toMatchObject({
        code: 'LIMIT_REACHED',
        facts: { limit, ...words },
        message: expect.stringContaining(`${words.used} in use, ${words.wanted} wanted`),
      });
      expect(await inventory.sums()).toMatchObject({ holds: 1 });
    });

    it('is one buyer’s: others reserve, and a repeat of what was reserved is served', async () => {
      const first = await cut('k1', {});
      await cut('k2', {});
      await fails(cut('k3', {}), 'LIMIT_REACHED');
      await cut('k3', { buyer: bob });
      expect(await cut('k1', {})).toEqual(first);
    });

    it('is free again when something is released, expires, or its contract ends', async () => {
      const { id } = await cut('k1', {});
      await sellTo(id, limits);
      await cut('k2', {});
      await inventory.release({ buyer: alice, idempotencyKey: 'k2' });
      await cut('k3', {});
      await giveBack(id);
      await cut('k4', {});
      await fails(cut('k5', {}), 'LIMIT_REACHED');
      await setClock(NOON + TTL);
      await cut('k6', {});
    });

    it('that was lowered since the reservation refuses the sale, and nothing is sold; what was sold stays so', async () => {
      const [first, second, third] = [await reserve(ONE, 'k1'), await reserve(ONE, 'k2'), await reserve(ONE, 'k3')];
      await sell(first.id);
      await sell(third.id);
      await fails(sellTo(second.id, limits), 'LIMIT_REACHED');
      expect(await inventory.hold(second.id)).toMatchObject({ state: 'held' });
      expect(await contracts.list({ role: 'seller' })).toHaveLength(2);
      expect(await sellTo(first.id, limits)).toMatchObject({ state: 'active' });
      await giveBack(third.id);
      expect(await sellTo(second.id, limits)).toMatchObject({ state: 'active' });
    });
  });

  describe('a limit of contracts', () => {
    it('counts those that are not over, when they are reserved for and when they are bought', async () => {
      const limits = { contracts: 1 };
      const [first, second] = [await reserve(ONE, 'k1', { limits }), await reserve(ONE, 'k2', { limits })];
      await sellTo(first.id, limits);
      const reached = { code: 'LIMIT_REACHED', facts: { limit: 'contracts', most: '1', used: '1', wanted: '1' } };
      await expect(reserve(ONE, 'k3', { limits })).rejects.toMatchObject(reached);
      await expect(sellTo(second.id, limits)).rejects.toMatchObject(reached);
      await contracts.markEnding({ contract: contractOf(first.id), ending: { reason: 'done' } });
      await fails(sellTo(second.id, limits), 'LIMIT_REACHED');
      await giveBack(first.id);
      await sellTo(second.id, limits);
    });
  });

  it('limits nobody in a currency, or a resource, that is not named', async () => {
    const limits = { credit: [{ amount: '0', currency: 'USD' }], storage: '0' };
    const { id } = await reserve(ONE, 'k', { limits });
    expect(await sellTo(id, limits)).toMatchObject({ state: 'active' });
  });

  it('tells what each buyer has, but of what is over', async () => {
    const limits = { credit: [{ amount: '9', currency: 'EUR' }] };
    const B = flavorOf('000b', { amount: '24' });
    await inventory.publish({ ...B, price: { amount: '24', currency: 'EUR', period: 'daily' } });
    await sell((await reserve(ONE, 'k1', { limits })).id);
    await sell((await reserve(ONE, 'k2', { limits, flavor: B.id })).id);
    await reserve(ONE, 'k3', { limits });
    const over = await reserve(ONE, 'k4', { limits, buyer: bob });
    await sell(over.id);
    const has = {
      buyer: alice,
      holds: 1,
      contracts: 2,
      resources: { cpu: '3', memory: '6Gi', pods: '30' },
      hourly: [{ amount: '0.3', currency: 'EUR' }],
    };
    expect((await inventory.buyers({ limit: 9 })).items).toMatchObject([
      has,
      { buyer: bob, holds: 0, contracts: 1, hourly: [{ amount: '0.1' }] },
    ]);
    expect((await inventory.buyers({ limit: 1 })).items).toMatchObject([has]);
    await giveBack(over.id);
    expect((await inventory.buyers({ limit: 9 })).items).toMatchObject([has]);
  });
}
