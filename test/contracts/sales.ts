import { describe, expect, it } from 'vitest';
import type { Agreement } from '../../src/domain/agreement.ts';
import type { ContractTerms } from '../../src/domain/contract.ts';
import { acquisitionId, contractOf, transactionId } from '../../src/domain/ids.ts';
import { agreementPayload, readPayload } from '../../src/rear/agreement.ts';
import { writeTime } from '../../src/rear/flavor.ts';
import { A, alice, type InventorySubject, openDesk, TTL, YEAR } from './inventory-desk.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, SEVEN, TEN } from './samples.ts';

/** What every `Inventory` does with what was held: its end, its sale, and the sale's end; `make` answers an empty one each time. */
export function salesContract(make: () => Promise<InventorySubject>): void {
  const { inventory, contracts, setClock, listed, tells, fails, reserve, sell } = openDesk(make);

  describe('the end of a hold', () => {
    it('comes by itself: listed again, sold no more, its key a tombstone', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await setClock(NOON + TTL - 1);
      expect(await listed()).toEqual([{ cpu: '3', memory: '6Gi', pods: '30' }]);
      await setClock(NOON + TTL);
      expect(await listed()).toEqual([TEN]);
      expect(await inventory.hold(id)).toMatchObject({ state: 'expired' });
      await fails(sell(id), 'HOLD_EXPIRED');
      await fails(reserve(SEVEN, 'k'), 'HOLD_RELEASED');
      expect(await reserve(SEVEN, 'k2')).toMatchObject({ resources: SEVEN });
    });

    it('comes by release, which may be repeated', async () => {
      const { id } = await reserve(SEVEN, 'k');
      for (const _ of [1, 2]) expect(await inventory.release({ buyer: alice, idempotencyKey: 'k' })).toEqual({});
      expect(await listed()).toEqual([TEN]);
      expect(await inventory.hold(id)).toMatchObject({ state: 'released' });
      await fails(sell(id), 'HOLD_RELEASED');
      await fails(reserve(SEVEN, 'k'), 'HOLD_RELEASED');
    });

    it('leaves a tombstone where release came first, for that buyer only', async () => {
      expect(await inventory.release({ buyer: alice, idempotencyKey: 'k' })).toEqual({});
      await fails(reserve(ONE, 'k'), 'HOLD_RELEASED');
      await reserve(ONE, 'k', { buyer: buyerOf('bob') });
    });

    it('does not come by release once it is sold: the contract is told', async () => {
      const { id } = await reserve(ONE, 'k');
      await sell(id);
      expect(await inventory.release({ buyer: alice, idempotencyKey: 'k' })).toEqual({ sold: contractOf(id) });
      expect(await inventory.sums()).toMatchObject({ sold: ONE });
    });

    it('comes by abandon, once', async () => {
      const { id } = await reserve(ONE, 'k');
      expect(await inventory.abandon(id)).toBe(true);
      expect(await inventory.abandon(id)).toBe(false);
      expect(await listed()).toEqual([TEN]);
      await fails(sell(id), 'HOLD_RELEASED');
      expect(await inventory.abandon(newTransaction())).toBe(false);
    });

    it('does not come by abandon once it is sold', async () => {
      const { id } = await reserve(ONE, 'k');
      await sell(id);
      expect(await inventory.abandon(id)).toBe(false);
      expect(await inventory.hold(id)).toMatchObject({ state: 'sold', contract: contractOf(id) });
    });
  });

  describe('sell', () => {
    it('makes the contract with what was held, its price and its end', async () => {
      const { id } = await reserve(ONE, 'k');
      const contract = await sell(id);
      expect(contract).toMatchObject({
        role: 'seller',
        state: 'active',
        acquisition: 'k',
        terms: {
          id: contractOf(id),
          transaction: id,
          flavor: { id: A.id },
          buyer: alice,
          buyerCluster: alice.clusterId,
          seller: SELLER,
          sellerCluster: SELLER.clusterId,
          resources: ONE,
          price: { amount: '0.1', currency: 'EUR', period: 'hourly' },
          startsAt: writeTime(new Date(NOON).toISOString()),
          expiresAt: writeTime(new Date(NOON + YEAR).toISOString()),
        },
      });
      expect(await contracts.get(contractOf(id))).toEqual(contract);
      expect(await contracts.ofTransaction(id)).toEqual(contract);
      expect(await listed()).toEqual([{ cpu: '9', memory: '18Gi', pods: '90' }]);
      expect(await inventory.sums()).toMatchObject({ sold: ONE, held: { cpu: '0' }, holds: 0 });
    });

    it('keeps and signs the same times, to the second, whenever in a second it is', async () => {
      const { id } = await reserve(ONE, 'k');
      await setClock(NOON + 1_987);
      const signed: ContractTerms[] = [];
      const sign = async (terms: ContractTerms): Promise<Agreement> => {
        signed.push(terms);
        return { payload: agreementPayload(terms), signatures: [] };
      };
      const { terms } = await inventory.sell({ transaction: id, contract: contractOf(id), seller: SELLER, lifetimeMs: YEAR, sign });
      const [asked] = signed;
      if (!asked) throw new Error('nothing was signed');
      const { startsAt, expiresAt } = terms;
      expect({ startsAt, expiresAt }).toEqual({ startsAt: '2026-03-01T12:00:01Z', expiresAt: '2027-03-01T12:00:01Z' });
      expect(readPayload(agreementPayload(asked))).toMatchObject({ startsAt, expiresAt });
      expect(await contracts.get(contractOf(id))).toMatchObject({ terms: { startsAt, expiresAt } });
    });

    it('answers the same contract when asked again, also long after the hold would have ended', async () => {
      const { id } = await reserve(ONE, 'k');
      const contract = await sell(id);
      await setClock(NOON + 10 * TTL);
      expect(await sell(id)).toEqual(contract);
      expect(await inventory.sums()).toMatchObject({ sold: ONE });
    });

    it('takes no contract that we bought for its own, though its seller named it as ours would be', async () => {
      const other = await sell((await reserve(ONE, 'k1')).id);
      const { id } = await reserve(ONE, 'k2');
      const bought = { ...other.terms, id: contractOf(id), transaction: newTransaction() };
      await contracts.storeBought({ terms: bought, acquisition: acquisitionId('a-1') });
      await fails(sell(id), 'HOLD_RELEASED');
      expect(await inventory.sums()).toMatchObject({ sold: ONE, held: ONE });
      await inventory.giveBack({ contract: contractOf(id), transaction: id, ending: { reason: 'failed' } });
      expect(await contracts.get(contractOf(id))).toMatchObject({ role: 'buyer', state: 'active', terms: bought });
      expect(await inventory.sums()).toMatchObject({ sold: ONE, held: { cpu: '0' } });
    });

    it('promises a buyer of our dialect what was offered, and a FLUIDOS node nothing', async () => {
      const terms = { noticeMs: 60_000 };
      await inventory.publish({ ...flavorOf('000d'), terms });
      const sold = async (key?: string) => {
        const flavor = (await inventory.list()).find((each) => each.terms)?.id ?? flavorOf('000d').id;
        const { id } = await reserve(ONE, key, { flavor });
        return (await sell(id)).terms.flavor.terms;
      };
      expect(await sold('k')).toEqual(terms);
      expect(await sold()).toBeUndefined();
    });

    it('refuses a transaction that never was', async () => {
      await fails(sell(transactionId('f'.repeat(32))), 'NOT_FOUND');
    });
  });

  describe('giveBack', () => {
    it('puts what was sold on sale again, once, and keeps the first reason', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await sell(id);
      const back = () => inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      expect(await tells(back)).toBe(true);
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'operator' } });
      expect(await listed()).toEqual([TEN]);
      expect(await contracts.get(contractOf(id))).toMatchObject({ state: 'over', ending: { reason: 'done' } });
      expect(await inventory.sums()).toMatchObject({ free: TEN, sold: { cpu: '0' } });
    });

    it('says when it was, once it is over', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await sell(id);
      await contracts.markEnding({ contract: contractOf(id), ending: { reason: 'done' } });
      const told = async () => [await contracts.get(contractOf(id)), ...(await contracts.list())].map((each) => each?.endedAt);
      expect(await told()).toEqual([undefined, undefined]);
      await setClock(NOON + 90_000);
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      await setClock(NOON + 100_000);
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      expect(await told()).toEqual(['2026-03-01T12:01:30.000Z', '2026-03-01T12:01:30.000Z']);
    });

    it('keeps the reason with which the contract began to end', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await sell(id);
      await contracts.markEnding({ contract: contractOf(id), ending: { reason: 'expired' } });
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      expect(await contracts.get(contractOf(id))).toMatchObject({ state: 'over', ending: { reason: 'expired' } });
    });

    it('of what was not sold yet releases its hold, so that a sell which comes later is refused', async () => {
      const { id } = await reserve(SEVEN, 'k');
      for (const _ of [1, 2]) await inventory.giveBack({ contract: contractOf(id), transaction: id, ending: { reason: 'failed' } });
      expect(await inventory.hold(id)).toMatchObject({ state: 'released' });
      expect(await listed()).toEqual([TEN]);
      await fails(sell(id), 'HOLD_RELEASED');
      await fails(reserve(SEVEN, 'k'), 'HOLD_RELEASED');
      expect(await inventory.sums()).toMatchObject({ free: TEN, held: { cpu: '0' }, sold: { cpu: '0' } });
    });

    it('succeeds for a contract that never was', async () => {
      const transaction = transactionId('e'.repeat(32));
      await inventory.giveBack({ contract: contractOf(transaction), ending: { reason: 'done' } });
      await inventory.giveBack({ contract: contractOf(transaction), transaction, ending: { reason: 'done' } });
      expect(await listed()).toEqual([TEN]);
    });

    it('answers a repeated sell with the contract that is over, and sells nothing', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await sell(id);
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      expect(await sell(id)).toMatchObject({ state: 'over' });
      expect(await listed()).toEqual([TEN]);
    });
  });
}
