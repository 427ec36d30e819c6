import { describe, expect, it } from 'vitest';
import type { FaultCode } from '../../src/domain/faults.ts';
import { clusterId, contractOf, flavorId } from '../../src/domain/ids.ts';
import { A, alice, type InventorySubject, openDesk, TTL } from './inventory-desk.ts';
import { blueprintOf } from '../fakes/samples.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, TEN } from './samples.ts';

/** What every `Inventory` does, the real one and fakes, until something is sold; `make` answers an empty one each time. */
export function inventoryContract(make: () => Promise<InventorySubject>): void {
  const { inventory, setClock, listed, tells, fails, reserve, sell } = openDesk(make);

  describe('publish', () => {
    it('lists what was published, with its price', async () => {
      const [flavor] = await inventory.list();
      expect(flavor).toMatchObject({ id: A.id, offer: A.offer, price: A.price, owner: A.owner, available: true });
    });

    it('changes nothing when it is repeated, whatever was sold and held since', async () => {
      await sell((await reserve(ONE, 'k1')).id);
      await reserve(ONE, 'k2');
      const before = [await inventory.list(), await inventory.sums()];
      expect(await tells(() => inventory.publish({ ...A, createdAt: new Date(NOON + 1).toISOString() }))).toBe(false);
      expect([await inventory.list(), await inventory.sums()]).toEqual(before);
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

    it('is told up to a limit, in the order of ids, and by what it was made of', async () => {
      const [first, last] = [flavorOf('0000'), flavorOf('zzzz')];
      const marked = { ...last, offer: { ...last.offer, additionalProperties: { mark: 'yes', other: 1 } } };
      const database = blueprintOf(SELLER);
      for (const flavor of [marked, database, first]) await inventory.publish(flavor);
      const ids = (flavors: readonly { readonly id: string }[]) => flavors.map(({ id }) => id);
      const lineages = (ledgers: readonly { readonly lineage: string }[]) => ledgers.map(({ lineage }) => lineage);
      const all = [first.id, A.id, last.id, database.id].toSorted();
      expect(ids(await inventory.list())).toEqual(all);
      expect(ids((await inventory.page({ limit: 2 })).items)).toEqual(all.slice(0, 2));
      expect(ids(await inventory.onSale({ property: 'mark' }))).toEqual([last.id]);
      expect(ids(await inventory.onSale({ blueprint: true }))).toEqual([database.id]);
      expect(lineages(await inventory.ledgers({ property: 'mark' }))).toEqual([last.id]);
      expect(lineages(await inventory.ledgers({ blueprint: true }))).toEqual([database.id]);
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
}
