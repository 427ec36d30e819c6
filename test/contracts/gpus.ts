import { describe, expect, it } from 'vitest';
import { isSlice } from '../../src/domain/flavor.ts';
import type { Resources } from '../../src/domain/resources.ts';
import { type InventorySubject, openDesk } from './inventory-desk.ts';
import { flavorOf, ONE, TEN } from './samples.ts';

const N = flavorOf('gpus', { resources: { ...TEN, gpu: '4' }, amount: '8' });
const gpu = { model: 'A100', cores: '4', memory: '160Gi' };

/** What every `Inventory` does with GPUs. */
export function gpusContract(make: () => Promise<InventorySubject>): void {
  const { inventory, fails, reserve, sell, contracts } = openDesk(make);
  const begin = async (): Promise<void> => {
    if (isSlice(N)) await inventory.publish({ ...N, offer: { ...N.offer, gpu } });
  };
  const cut = (count: string | undefined, key: string, said?: typeof gpu) =>
    reserve({ ...ONE, ...(count !== undefined && { gpu: count }) }, key, { flavor: N.id, ...(said && { gpu: said }) });
  const offered = async (): Promise<{ readonly resources: Resources; readonly gpu?: typeof gpu } | undefined> =>
    (await inventory.list()).filter(isSlice).find(({ offer }) => offer.gpu !== undefined)?.offer;

  describe('GPUs', () => {
    it('are held and sold like all else, and what is left of them is listed with its memory', async () => {
      await begin();
      expect(await offered()).toMatchObject({ resources: { gpu: '4' }, gpu });
      const { id, resources } = await cut('1', 'k1', { model: 'A100', cores: '1', memory: '40Gi' });
      expect(resources).toEqual({ ...ONE, gpu: '1' });
      expect(await offered()).toMatchObject({ resources: { cpu: '9', gpu: '3' }, gpu: { model: 'A100', cores: '3', memory: '120Gi' } });
      const { terms } = await sell(id);
      expect((await contracts.get(terms.id))?.terms).toMatchObject({ resources: { ...ONE, gpu: '1' }, price: { amount: '2' } });
      expect(await inventory.sums()).toMatchObject({ sold: { gpu: '1' } });
      await inventory.giveBack({ contract: terms.id, ending: { reason: 'done' } });
      expect(await offered()).toMatchObject({ resources: { gpu: '4' }, gpu });
    });

    it('are never promised twice, and are there for nobody who asks for none', async () => {
      await begin();
      await cut('3', 'k1');
      await fails(cut('2', 'k2'), 'NOT_ENOUGH');
      expect((await cut(undefined, 'k3')).resources).toEqual(ONE);
      expect(await offered()).toMatchObject({ resources: { cpu: '8', gpu: '1' } });
    });

    it.each<[string, string, typeof gpu | undefined]>([
      ['half a GPU', '500m', undefined],
      ['GPUs of another model', '1', { model: 'H100', cores: '1', memory: '0' }],
      ['GPUs of more memory', '1', { model: 'A100', cores: '1', memory: '80Gi' }],
    ])('are not sold as %s', async (_, count, said) => {
      await begin();
      await fails(cut(count, 'k1', said), 'CONFIGURATION_INVALID');
      expect(await offered()).toMatchObject({ resources: { gpu: '4' } });
    });

    it('are not sold where there are none', async () => {
      await fails(reserve({ ...ONE, gpu: '1' }, 'k1'), 'CONFIGURATION_INVALID');
    });
  });
}
