import { beforeEach, describe, expect, it } from 'vitest';
import type { FaultCode } from '../../src/domain/faults.ts';
import { isSlice } from '../../src/domain/flavor.ts';
import { acquisitionId, clusterId, contractOf, flavorId, type TransactionId, transactionId } from '../../src/domain/ids.ts';
import type { Resources } from '../../src/domain/resources.ts';
import type { Contracts, Inventory } from '../../src/ports/inventory.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, SEVEN, TEN } from './samples.ts';

export interface InventorySubject {
  readonly inventory: Inventory;
  readonly contracts: Contracts;
  /** Stops the subject's clock at a time (ms since the epoch). */
  setClock(at: number): Promise<void>;
}

const A = flavorOf('000a');
const alice = buyerOf('alice');
const TTL = 60_000;
const YEAR = 365 * 86_400_000;

/** What every `Inventory` does, the real one and fakes; `make` answers an empty one each time. */
export function inventoryContract(make: () => Promise<InventorySubject>): void {
  let { inventory, contracts, setClock } = {} as InventorySubject;
  beforeEach(async () => {
    ({ inventory, contracts, setClock } = await make());
    await setClock(NOON);
    await inventory.publish(A);
  });

  const listed = async (): Promise<readonly Resources[]> => (await inventory.list()).filter(isSlice).map(({ offer }) => offer.resources);
  const fails = (call: Promise<unknown>, code: FaultCode) => expect(call).rejects.toMatchObject({ name: 'Fault', code });
  const reserve = (part?: Resources, key?: string, change: Partial<Parameters<Inventory['reserve']>[0]> = {}) =>
    inventory.reserve({
      flavor: A.id,
      buyer: alice,
      transaction: newTransaction(),
      ttlMs: TTL,
      ...(part && { part }),
      ...(key && { idempotencyKey: key }),
      ...change,
    });
  const sell = (transaction: TransactionId) =>
    inventory.sell({ transaction, contract: contractOf(transaction), seller: SELLER, lifetimeMs: YEAR });

  describe('publish', () => {
    it('lists what was published, with its price', async () => {
      const [flavor] = await inventory.list();
      expect(flavor).toMatchObject({ id: A.id, offer: A.offer, price: A.price, owner: A.owner, available: true });
    });

    it('changes nothing when it is repeated, whatever was sold and held since', async () => {
      await sell((await reserve(ONE, 'k1')).id);
      await reserve(ONE, 'k2');
      const before = [await inventory.list(), await inventory.sums(), await inventory.generation()];
      await inventory.publish({ ...A, createdAt: new Date(NOON + 1).toISOString() });
      expect([await inventory.list(), await inventory.sums(), await inventory.generation()]).toEqual(before);
    });

    it('takes a flavor off sale, what is sold of it stays sold, and puts it back', async () => {
      const { id } = await reserve(ONE, 'k');
      await sell(id);
      await inventory.withdraw(A.id);
      expect(await inventory.list()).toEqual([]);
      await fails(reserve(ONE), 'FLAVOR_GONE');
      expect(await inventory.sums()).toMatchObject({ sold: ONE });
      await inventory.publish(A);
      expect(await listed()).toEqual([{ cpu: '9', memory: '18Gi', pods: '90' }]);
    });
  });

  describe('what is on sale', () => {
    it('counts a flavor of which nothing is left, and none that was withdrawn', async () => {
      const { id } = await reserve(TEN, 'k');
      await sell(id);
      expect(await inventory.list()).toEqual([]);
      const [flavor, ...more] = await inventory.onSale();
      expect(more).toEqual([]);
      await inventory.withdraw(flavor?.id ?? A.id);
      expect(await inventory.onSale()).toEqual([]);
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      expect(await inventory.list()).toEqual([]);
    });
  });

  describe('reserve', () => {
    it('holds until the end of its time, and lists the rest', async () => {
      const transaction = newTransaction();
      const held = await reserve(ONE, 'k', { transaction });
      expect(held).toEqual({ id: transaction, flavorId: A.id, resources: ONE, expiresAt: new Date(NOON + TTL).toISOString() });
      expect(await inventory.hold(transaction)).toMatchObject({ transaction, flavorId: A.id, buyer: alice, resources: ONE, state: 'held' });
      expect(await listed()).toEqual([{ cpu: '9', memory: '18Gi', pods: '90' }]);
      expect(await inventory.sums()).toMatchObject({ held: ONE, holds: 1 });
    });

    it('takes the whole flavor when no part is named', async () => {
      expect(await reserve()).toMatchObject({ resources: TEN });
      expect(await inventory.list()).toEqual([]);
    });

    it.each<[string, Parameters<typeof reserve>, FaultCode]>([
      ['an unknown flavor', [ONE, 'k', { flavor: flavorId('north.example-k8slice-9999') }], 'NOT_FOUND'],
      ['more than there is', [{ ...ONE, cpu: '11' }, 'k'], 'NOT_ENOUGH'],
      ['storage, of which there is none', [{ ...ONE, storage: '1Gi' }, 'k'], 'NOT_ENOUGH'],
      ['less than the minimum', [{ ...ONE, cpu: '100m' }, 'k'], 'CONFIGURATION_INVALID'],
      ['between the steps', [{ ...ONE, cpu: '1100m' }, 'k'], 'CONFIGURATION_INVALID'],
      ['nothing', [{ ...ONE, pods: '0' }, 'k'], 'CONFIGURATION_INVALID'],
      ['a negative amount', [{ ...ONE, memory: '-1Gi' }, 'k'], 'CONFIGURATION_INVALID'],
    ])('refuses %s and holds nothing', async (_, input, code) => {
      await fails(reserve(...input), code);
      expect(await listed()).toEqual([TEN]);
      expect(await inventory.sums()).toMatchObject({ holds: 0, held: { cpu: '0' } });
    });

    it('gives a repeated key the same hold, its end unmoved', async () => {
      const first = await reserve(ONE, 'k');
      await setClock(NOON + TTL - 1);
      expect(await reserve(ONE, 'k')).toEqual(first);
      expect(await inventory.sums()).toMatchObject({ held: ONE, holds: 1 });
    });

    it('gives a key the same transaction after it was sold', async () => {
      const first = await reserve(ONE, 'k');
      await sell(first.id);
      expect(await reserve(ONE, 'k')).toMatchObject({ id: first.id });
    });

    it('keeps the keys of two buyers apart', async () => {
      const first = await reserve(ONE, 'k');
      const second = await reserve(ONE, 'k', { buyer: buyerOf('bob') });
      expect(second.id).not.toBe(first.id);
    });

    it('without a key gives the same living hold for buyer and flavor, and a new one after the sale or the end of it', async () => {
      const first = await reserve(ONE);
      expect(await reserve(ONE)).toEqual(first);
      await sell(first.id);
      const second = await reserve(ONE);
      expect(second.id).not.toBe(first.id);
      await setClock(NOON + TTL);
      expect((await reserve(ONE)).id).not.toBe(second.id);
    });

    it('bounds the living holds of one buyer, repeats excepted', async () => {
      const limit = { maxHolds: 2 };
      const first = await reserve(ONE, 'k1', limit);
      await reserve(ONE, 'k2', limit);
      await fails(reserve(ONE, 'k3', limit), 'TOO_MANY_HOLDS');
      expect(await reserve(ONE, 'k1', limit)).toEqual(first);
      await reserve(ONE, 'k3', { ...limit, buyer: buyerOf('bob') });
      await setClock(NOON + TTL);
      await reserve(ONE, 'k4', limit);
    });
  });

  describe('a buyer’s cluster', () => {
    const mallory = buyerOf('mallory');
    const claim = (cluster: string) => reserve(ONE, 'm', { buyer: { ...mallory, clusterId: clusterId(cluster) } });

    it.each([
      ['the id of another node’s', 'alice-1'],
      ['an id that ends with a known one', 'evil-alice-1'],
      ['an id that a known one ends with', '1'],
    ])('of %s is refused before any hold', async (_, cluster) => {
      await reserve(ONE);
      await fails(claim(cluster), 'BUYER_REFUSED');
      expect(await inventory.sums()).toMatchObject({ holds: 1 });
    });

    it('is bound by what was held only: whoever is refused keeps no id from anybody', async () => {
      const { clusterId: cluster } = alice;
      const squat = { buyer: { ...mallory, ...(cluster && { clusterId: cluster }) } };
      await fails(reserve(ONE, 'm', { ...squat, flavor: flavorId('north.example-k8slice-9999') }), 'NOT_FOUND');
      await fails(reserve({ ...ONE, cpu: '11' }, 'm', squat), 'NOT_ENOUGH');
      await fails(reserve({ ...ONE, cpu: '1100m' }, 'm', squat), 'CONFIGURATION_INVALID');
      await reserve(ONE);
    });

    it('has to be named', async () => {
      const { clusterId: _, ...nameless } = alice;
      await fails(reserve(ONE, 'k', { buyer: nameless }), 'BUYER_REFUSED');
    });
  });

  it('forgets nothing that may still be asked for', async () => {
    const [held, sold] = [await reserve(ONE, 'k1'), await reserve(ONE, 'k2')];
    await sell(sold.id);
    await inventory.release({ buyer: alice, idempotencyKey: 'k3' });
    expect(await inventory.prune()).toEqual({ holds: 0, clusters: 0 });
    await fails(reserve(ONE, 'k3'), 'HOLD_RELEASED');
    expect(await reserve(ONE, 'k1')).toEqual(held);
    expect(await inventory.sums()).toMatchObject({ held: ONE, sold: ONE });
  });

  describe('the end of a hold', () => {
    it('comes by itself: listed again, sold no more, its key a tombstone', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await setClock(NOON + TTL - 1);
      expect(await listed()).toEqual([{ cpu: '3', memory: '6Gi', pods: '30' }]);
      const before = await inventory.generation();
      await setClock(NOON + TTL);
      expect(await listed()).toEqual([TEN]);
      expect(await inventory.generation()).not.toBe(before);
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
          startsAt: new Date(NOON).toISOString(),
          expiresAt: new Date(NOON + YEAR).toISOString(),
        },
      });
      expect(await contracts.get(contractOf(id))).toEqual(contract);
      expect(await contracts.ofTransaction(id)).toEqual(contract);
      expect(await listed()).toEqual([{ cpu: '9', memory: '18Gi', pods: '90' }]);
      expect(await inventory.sums()).toMatchObject({ sold: ONE, held: { cpu: '0' }, holds: 0 });
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

    it('refuses a transaction that never was', async () => {
      await fails(sell(transactionId('f'.repeat(32))), 'NOT_FOUND');
    });
  });

  describe('giveBack', () => {
    it('puts what was sold on sale again, once, and keeps the first reason', async () => {
      const { id } = await reserve(SEVEN, 'k');
      await sell(id);
      const before = await inventory.generation();
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'operator' } });
      expect(await listed()).toEqual([TEN]);
      expect(await inventory.generation()).not.toBe(before);
      expect(await contracts.get(contractOf(id))).toMatchObject({ state: 'over', ending: { reason: 'done' } });
      expect(await inventory.sums()).toMatchObject({ free: TEN, sold: { cpu: '0' } });
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
