/** What was sold and is not there any more. */
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/domain/faults.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import { sized } from '../fakes/cluster-nodes.ts';
import { ended, mishap, start, listed, cores, sell, over, later, of, cordoned, away, contracts, a, b } from './stock-subject.ts';

describe('what was sold and is not there any more', () => {
  it('ends at once when a node is deleted: the newest of that node first, and no more than it takes', async () => {
    const { show } = start();
    await show(a, b);
    const [old, middle, newest, elsewhere] = [
      await sell(of('a'), 4),
      await sell(of('a'), 3),
      await sell(of('a'), 3),
      await sell(of('b'), 5),
    ];
    await show(b);
    expect(ended.map(({ contract }) => contract)).toEqual([newest, middle]);
    const detail = expect.stringMatching(/has cpu 10,.*amd64.*for cpu 15,/);
    expect(ended[0]).toMatchObject({ ending: { reason: 'breach', detail }, by: 'seller' });
    expect(await cores()).toEqual([]);
    await show(b);
    expect(ended).toHaveLength(2);
    for (const { contract } of ended) await over(contract);
    await show(b);
    expect(await cores()).toEqual([1]);
    const living = (await contracts.list({ living: true })).map(({ terms }) => terms.id);
    expect(living.toSorted()).toEqual([old, elsewhere].toSorted());
  });

  it('ends nothing when the other nodes have room for it', async () => {
    const { show } = start();
    await show(a, b);
    await sell(of('a'), 6);
    await show(b);
    expect(ended).toEqual([]);
    expect(await cores()).toEqual([4]);
  });

  it('ends also where Liqo enforces nothing any more, and nothing is on sale', async () => {
    const first = start();
    await first.show(a, b);
    const lost = await sell(of('a'), 6);
    await sell(of('b'), 6);
    await first.stop();
    const { show } = start({}, false);
    await show(a, b);
    expect([ended, await listed()]).toEqual([[], []]);
    await show(b);
    expect(ended.map(({ contract }) => contract)).toEqual([lost]);
    expect(await listed()).toEqual([]);
  });

  it('is found out at a restart, when the node went meanwhile', async () => {
    const first = start();
    await first.show(a, b);
    const lost = await sell(of('a'), 6);
    await sell(of('b'), 6);
    await first.stop();
    await start().show(b);
    expect(ended.map(({ contract }) => contract)).toEqual([lost]);
  });

  it.each<[string, ClusterNode]>([
    ['a node that is not Ready', away(a)],
    ['own pods that need it', { ...a, own: sized(8) }],
  ])('is waited for, as long as the tolerance, with %s', async (_, worse) => {
    const { show } = start({ toleranceSeconds: 60 });
    await show(a);
    const old = await sell(of('a'), 2);
    const contract = await sell(of('a'), 4);
    expect(await show(worse)).toEqual({ againMs: expect.any(Number) });
    await later(59_000);
    expect((await show(worse))?.againMs).toBe(1_000);
    await show(a);
    await show(worse);
    await later(59_999);
    await show(worse);
    expect(ended).toEqual([]);
    await later(1);
    await show(worse);
    expect(ended.map((each) => each.contract)).toEqual(worse.ready ? [contract] : [contract, old]);
  });

  it('is waited for although a node is deleted that carried nothing', async () => {
    const { show } = start({ toleranceSeconds: 60 });
    await show(a, away(b));
    await sell(of('a'), 6);
    await show(a, away(b));
    expect(await show(away(a), away(b))).toEqual({ againMs: expect.any(Number) });
    expect(await show(away(a))).toEqual({ againMs: expect.any(Number) });
    await later(59_000);
    // Its tolerance, not the minute after which everything is compared.
    expect((await show(away(a)))?.againMs).toBe(1_000);
    expect(ended).toEqual([]);
  });

  it('of a pool ends at once too when a node of it is deleted', async () => {
    const { show } = start({ pool: 'architecture' });
    await show(a, b);
    const contract = await sell((await listed())[0]?.id, 12);
    await show(b);
    expect(ended.map((each) => each.contract)).toEqual([contract]);
  });

  it('is not ended for nodes that are only not selected, or cordoned, any more', async () => {
    const { show } = start();
    await show(a);
    await sell(of('a'), 6);
    await show({ ...a, labels: { 'kubernetes.io/arch': 'amd64' } });
    await show(cordoned(a));
    await later(86_400_000);
    await show(cordoned(a));
    expect(ended).toEqual([]);
    expect(await cores()).toEqual([]);
  });

  it('is told again until it was heard; a sale that nobody serves is left to the reconciliation', async () => {
    const { show } = start();
    await show(a);
    const contract = await sell(of('a'), 6);
    mishap.endFails = new Fault('PROCESSES_UNAVAILABLE', 'Temporal is away');
    const small = { ...b, own: sized(8) };
    await expect(show(small)).rejects.toMatchObject({ code: 'PROCESSES_UNAVAILABLE' });
    mishap.endFails = new Fault('NOT_FOUND', 'no such workflow');
    await show(small);
    mishap.endFails = undefined;
    await show(small);
    expect(ended.map((each) => each.contract)).toEqual([contract]);
  });
});
