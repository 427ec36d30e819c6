import { describe, expect, it } from 'vitest';
import { contractOf } from '../../src/domain/ids.ts';
import type { Flavor } from '../../src/domain/flavor.ts';
import type { Resources } from '../../src/domain/resources.ts';
import { A, type InventorySubject, openDesk, TTL, YEAR } from './inventory-desk.ts';
import { sized } from '../fakes/cluster-nodes.ts';
import { flavorOf, NOON, ONE, SEVEN } from './samples.ts';

const TERMS = 'a tenth of a euro for a core';
const N = flavorOf('node');
const of = (resources: Resources, amount = '1'): Flavor => ({ ...flavorOf('node', { resources, amount }) });

/** What every `Inventory` does with a flavor whose amounts change by themselves, as a cluster's do. */
export function changingContract(make: () => Promise<InventorySubject>): void {
  const { inventory, listed, tells, fails, reserve, sell, contracts, setClock } = openDesk(make);
  const publish = async (cores: number, terms = TERMS): Promise<void> => await inventory.publish(of(sized(cores), `${cores / 10}`), terms);
  const begin = async (): Promise<void> => {
    await inventory.withdraw(A.id);
    await publish(10);
  };
  const cut = (part: Resources, key: string) => reserve(part, key, { flavor: N.id });

  describe('a flavor whose amounts change', () => {
    it('lists what there is now, less and more, less what is held and sold', async () => {
      await begin();
      await publish(7);
      expect(await listed()).toEqual([sized(7)]);
      await sell((await cut(ONE, 'k1')).id);
      await cut(ONE, 'k2');
      await publish(6);
      expect(await listed()).toEqual([sized(4)]);
      await publish(12);
      expect(await listed()).toEqual([sized(10)]);
    });

    it('is served under the id that was read before, as long as its terms are the same', async () => {
      await begin();
      const [before] = await inventory.list();
      await publish(7);
      await publish(12);
      const first = await reserve(ONE, 'k1', { flavor: before?.id ?? A.id });
      expect(first.resources).toEqual(ONE);
    });

    it('changes nothing when it is repeated', async () => {
      await begin();
      await sell((await cut(ONE, 'k1')).id);
      await publish(8);
      const before = [await inventory.list(), await inventory.ledgers()];
      expect(await tells(() => publish(8))).toBe(false);
      expect([await inventory.list(), await inventory.ledgers()]).toEqual(before);
    });

    it('never touches what is sold: less than that lists nothing, and what is given back is sold again up to what there is', async () => {
      await begin();
      const { id } = await cut(SEVEN, 'k1');
      await sell(id);
      await publish(4);
      expect(await inventory.list()).toEqual([]);
      await fails(cut(ONE, 'k2'), 'NOT_ENOUGH');
      expect(await inventory.sums()).toMatchObject({ sold: SEVEN, free: { cpu: '0' } });
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      expect(await listed()).toEqual([sized(4)]);
    });

    it('lists no more than there is when what was held of more expires', async () => {
      await begin();
      await cut(SEVEN, 'k1');
      await publish(4);
      await setClock(NOON + TTL);
      expect(await listed()).toEqual([sized(4)]);
      expect(await inventory.sums()).toMatchObject({ free: sized(4), holds: 0 });
    });

    it('comes off sale and back with what it is then', async () => {
      await begin();
      await sell((await cut(ONE, 'k1')).id);
      await inventory.withdraw(N.id);
      expect(await inventory.list()).toEqual([]);
      await publish(5);
      expect(await listed()).toEqual([sized(4)]);
    });
  });

  describe('what is promised', () => {
    it('is told of each flavor on sale, and of others for as long as somebody has some of it', async () => {
      await begin();
      const { id } = await cut(ONE, 'k1');
      await sell(id);
      await cut(ONE, 'k2');
      const [ledger, ...more] = await inventory.ledgers();
      expect(more).toEqual([]);
      expect(ledger).toMatchObject({
        lineage: N.id,
        onSale: true,
        sold: ONE,
        held: ONE,
        wanted: sized(10),
        terms: TERMS,
        flavor: { offer: { architecture: 'amd64' } },
      });
      await inventory.withdraw(N.id);
      expect(await inventory.ledgers()).toMatchObject([{ lineage: N.id, onSale: false, sold: ONE }]);
      await inventory.giveBack({ contract: contractOf(id), ending: { reason: 'done' } });
      await setClock(NOON + YEAR);
      expect(await inventory.ledgers()).toEqual([]);
    });

    it('names the sales that are not over, and which of them end already', async () => {
      await begin();
      const [first, second, third] = [await cut(ONE, 'k1'), await cut(ONE, 'k2'), await cut(ONE, 'k3')];
      for (const { id } of [first, second, third]) await sell(id);
      await contracts.markEnding({ contract: contractOf(first.id), ending: { reason: 'breach' } });
      await inventory.giveBack({ contract: contractOf(third.id), ending: { reason: 'done' } });
      const sales = await inventory.salesOf([N.id]);
      const sale = { lineage: N.id, resources: ONE, soldAt: new Date(NOON).toISOString() };
      expect(sales.toSorted((a, b) => a.transaction.localeCompare(b.transaction))).toEqual([
        { ...sale, transaction: first.id, contract: contractOf(first.id), ending: true },
        { ...sale, transaction: second.id, contract: contractOf(second.id), ending: false },
      ]);
      expect(await inventory.salesOf([A.id])).toEqual([]);
      expect(await inventory.salesOf([])).toEqual([]);
    });
  });
}
