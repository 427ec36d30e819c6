/** The cluster becomes flavors and stays true. */
import { describe, expect, it } from 'vitest';
import { withdrawStock } from '../../src/runtime/stock.ts';
import { toldOf } from '../contracts/following.ts';
import { flavorOf } from '../contracts/samples.ts';
import { sized, workerOf } from '../fakes/cluster-nodes.ts';
import {
  db,
  quiet,
  ended,
  published,
  meanwhile,
  start,
  listed,
  cores,
  sell,
  over,
  of,
  cordoned,
  away,
  inventory,
  contracts,
  a,
  b,
} from './stock-subject.ts';

describe('the cluster becomes flavors', () => {
  it('of each node what it has, at its price, and no more than that', async () => {
    const { show } = start();
    await show(a, workerOf('b', { own: sized(6) }));
    expect((await listed()).map(({ cores: n, price }) => [n, price]).toSorted()).toEqual([
      [10, '1'],
      [4, '0.4'],
    ]);
  });

  it('of an architecture together', async () => {
    const { show } = start({ pool: 'architecture', headroomPercent: 10 });
    await show(a, b);
    expect(await cores()).toEqual([18]);
  });

  it('that stay true: a node that joins, is cordoned, comes back, is drained, goes; own load that rises and falls', async () => {
    const { show } = start();
    await show(a);
    expect(await cores()).toEqual([10]);
    await show(a, b);
    expect(await cores()).toEqual([10, 10]);
    await show(a, cordoned(b));
    expect(await cores()).toEqual([10]);
    await show(a, b);
    expect(await cores()).toEqual([10, 10]);
    await show({ ...a, own: sized(7) }, b);
    expect(await cores()).toEqual([3, 10]);
    await show({ ...a, own: sized(1) }, away(b));
    expect(await cores()).toEqual([9]);
    await show();
    expect(await cores()).toEqual([]);
    expect(ended).toEqual([]);
  });

  it('under ids that go on being served while only amounts change, and not when the price does', async () => {
    const first = start();
    await first.show(a);
    const [before] = await listed();
    await first.show({ ...a, own: sized(3) });
    await first.show(cordoned(a));
    await first.show({ ...a, own: sized(2) });
    const bought = await sell(before?.id, 4);
    expect((await contracts.get(bought))?.terms).toMatchObject({ price: { amount: '0.4' }, resources: sized(4) });
    await first.stop();
    const dearer = start({ prices: { cpu: '0.2', currency: 'EUR' } });
    await dearer.show(a);
    await expect(sell(before?.id, 1)).rejects.toMatchObject({ code: 'FLAVOR_GONE' });
    expect(await listed()).toMatchObject([{ cores: 6, price: '1.2' }]);
  });

  it('leaves the ledger alone when nothing changed, and makes no flavor of what only shrinks', async () => {
    const { show } = start();
    await show(a);
    expect(await toldOf(inventory, () => show(a))).toEqual([]);
    for (let own = 1; own < 9; own += 1) await show({ ...a, own: sized(own) });
    for (let own = 9; own >= 0; own -= 1) await show({ ...a, own: sized(own) });
    const [rows] = await db.sql`select count(*)::integer as count from flavor`;
    expect(rows).toEqual({ count: 1 });
    expect(await cores()).toEqual([10]);
  });

  it('asks the store after those alone that changed, and after one that somebody else took off sale', async () => {
    const { show } = start();
    await show(a, b);
    published.length = 0;
    await show({ ...a, own: sized(2) }, b);
    await show({ ...a, own: sized(2) }, b);
    expect(published).toEqual([of('a')]);
    await inventory.withdraw(of('b'));
    await show({ ...a, own: sized(2) }, b);
    expect(published).toEqual([of('a'), of('b')]);
    expect(await cores()).toEqual([8, 10]);
  });

  it('leaves hand-written flavors alone, and goes off sale when the cluster is not sold any more', async () => {
    await inventory.publish(flavorOf('hand'));
    const first = start();
    await first.show(a);
    expect(await listed()).toHaveLength(2);
    await withdrawStock(inventory, quiet);
    expect(await listed()).toMatchObject([{ id: 'north.example-k8slice-hand' }]);
  });

  it('withdraws at a restart what went meanwhile', async () => {
    const first = start();
    await first.show(a, b);
    await first.stop();
    await start().show(b);
    expect(await cores()).toEqual([10]);
  });
});

describe('what is sold', () => {
  it('is never touched by what changes, and never sold twice: what its own node lacks stands on the others', async () => {
    const { show } = start();
    await show(a, b);
    await sell(of('a'), 6);
    expect(await cores()).toEqual([4, 10]);
    await show(cordoned(a), b);
    expect(await cores()).toEqual([4]);
    await show({ ...a, own: sized(7) }, { ...b, own: sized(7) });
    expect(await cores()).toEqual([]);
    await show(a, b);
    expect(await cores()).toEqual([4, 10]);
    expect(await inventory.sums()).toMatchObject({ sold: sized(6) });
    expect(ended).toEqual([]);
  });

  it('counts also when it was sold while the nodes were looked at: the others offer so much less at once', async () => {
    const { show } = start();
    await show(a, b);
    meanwhile.buys = () => sell(of('a'), 8);
    expect((await show({ ...a, own: sized(7) }, b))?.againMs).toBeLessThanOrEqual(5_000);
    expect(await cores()).toEqual([5]);
    expect(await inventory.sums()).toMatchObject({ sold: sized(8), free: sized(5) });
  });

  it('is not sold again when somebody else gives back while all nodes together lack it', async () => {
    const { show } = start();
    await show(a, b);
    await sell(of('a'), 6);
    const other = await sell(of('b'), 8);
    await show(cordoned(a), b);
    expect(await cores()).toEqual([]);
    await over(other);
    expect(await cores()).toEqual([4]);
    await show(cordoned(a), b);
    expect(await cores()).toEqual([4]);
  });

  it('may be given back while its node is cordoned; then the others offer all they have, and it does when it is back', async () => {
    const { show } = start();
    await show(a, b);
    const contract = await sell(of('a'), 6);
    expect((await show(cordoned(a), b))?.againMs).toBeLessThanOrEqual(5_000);
    await over(contract);
    expect(await show(cordoned(a), b)).toEqual({ againMs: 60_000 });
    expect(await cores()).toEqual([10]);
    await show(a, b);
    expect(await cores()).toEqual([10, 10]);
  });

  it('stays counted when the pool is made otherwise', async () => {
    const first = start();
    await first.show(a, b);
    await sell(of('a'), 6);
    await first.stop();
    await start({ pool: 'architecture' }).show(a, b);
    expect(await cores()).toEqual([14]);
  });
});
