import { beforeEach, describe, expect, it } from 'vitest';
import { contractId } from '../../src/domain/ids.ts';
import type { Audit } from '../../src/ports/audit.ts';
import { NOON } from './samples.ts';

/** What every `Audit` does; `make` answers an empty one, and sets its clock (ms since the epoch). */
export function auditContract(make: () => Promise<{ readonly audit: Audit; readonly setClock: (at: number) => Promise<void> }>): void {
  let { audit, setClock } = {} as Awaited<ReturnType<typeof make>>;
  beforeEach(async () => {
    ({ audit, setClock } = await make());
    await setClock(NOON);
  });
  const act = (n: number, contract?: string) =>
    audit.record({ kind: 'operator', facts: { n }, ...(contract !== undefined && { contract: contractId(contract) }) });
  const told = async (filter: Omit<Parameters<Audit['page']>[0], 'limit'> = {}, limit = 100) =>
    (await audit.page({ ...filter, limit })).items.map(({ facts }) => facts['n']);

  it('tells what happened, newest first, in pages', async () => {
    expect((await audit.page({ limit: 10 })).items).toEqual([]);
    for (const n of [1, 2, 3, 4, 5]) await act(n);
    expect(await told()).toEqual([5, 4, 3, 2, 1]);
    const { items: page, next: after = ['', 0] } = await audit.page({ limit: 2 });
    expect(page.map(({ facts }) => facts['n'])).toEqual([5, 4]);
    expect(await told({ after }, 2)).toEqual([3, 2]);
    expect(page[0]).toEqual({ id: expect.any(Number), at: '2026-03-01T12:00:00.000000Z', kind: 'operator', facts: { n: 5 } });
  });

  it('tells what is about one contract, and what happened since a time', async () => {
    await act(1, 'contract-a');
    await act(2, 'contract-b');
    await setClock(NOON + 60_000);
    await act(3, 'contract-a');
    await audit.record({ kind: 'peer-lied', peer: 'mallory', facts: { n: 4 } });
    expect(await told({ contract: contractId('contract-a') })).toEqual([3, 1]);
    expect(await told({ since: new Date(NOON + 1).toISOString() })).toEqual([4, 3]);
    expect(await told({ since: new Date(NOON + 60_000).toISOString(), contract: contractId('contract-a') })).toEqual([3]);
    expect(await told({ contract: contractId('contract-c') })).toEqual([]);
    expect((await audit.page({ limit: 1 })).items).toMatchObject([{ kind: 'peer-lied', peer: 'mallory' }]);
  });

  it('tells once what several processes of a node see, each time it is otherwise than it was told last', async () => {
    const turned = (sells: boolean) => Promise.all(['a', 'b', 'c', 'd'].map((process) => audit.turned({ sells, detail: `by ${process}` })));
    await turned(false);
    await act(1);
    await turned(false);
    await turned(true);
    await turned(false);
    const { items } = await audit.page({ limit: 100 });
    expect(items.map(({ kind, facts }) => [kind, facts['sells']])).toEqual([
      ['enforcement', false],
      ['enforcement', true],
      ['operator', undefined],
      ['enforcement', false],
    ]);
    expect(items[0]?.facts).toEqual({ sells: false, detail: expect.stringMatching(/^by [abcd]$/) });
  });

  it('tells what a process finds when it begins only where something else was told before', async () => {
    const found = (sells: boolean) => audit.turned({ sells, detail: '', begins: true });
    await found(true);
    expect((await audit.page({ limit: 100 })).items).toEqual([]);
    await audit.turned({ sells: false, detail: '' });
    for (const sells of [false, true, true]) await found(sells);
    expect((await audit.page({ limit: 100 })).items.map(({ facts }) => facts['sells'])).toEqual([true, false]);
  });

  describe('what a stranger does again and again', () => {
    it('is told the first, the tenth and the hundredth time, of each stranger and each cause', async () => {
      const refused = (peer: string, code = 'TOO_MANY_HOLDS') =>
        audit.tally({ kind: 'reservation-refused', peer, code, detail: 'too many' });
      for (let n = 0; n < 150; n += 1) await refused('mallory');
      await refused('mallory', 'BUYER_REFUSED');
      await refused('eve');
      expect((await audit.page({ limit: 100 })).items.map(({ kind, peer, facts }) => [kind, peer, facts])).toEqual([
        ['reservation-refused', 'eve', { code: 'TOO_MANY_HOLDS', count: 1, detail: 'too many' }],
        ['reservation-refused', 'mallory', { code: 'BUYER_REFUSED', count: 1, detail: 'too many' }],
        ...[100, 10, 1].map((count) => ['reservation-refused', 'mallory', { code: 'TOO_MANY_HOLDS', count, detail: 'too many' }]),
      ]);
    });

    it('is told of each contract, and of lies and denied slices each in its words, as far as sixteen of them', async () => {
      const tell = (kind: 'slice-denied' | 'renewal-refused', contract: string, detail: string) =>
        audit.tally({ kind, peer: 'mallory', code: 'NO', contract: contractId(contract), detail });
      await tell('slice-denied', 'contract-a', 'slice a: larger');
      await tell('slice-denied', 'contract-a', 'slice a: larger');
      await tell('slice-denied', 'contract-a', 'slice b: a second one');
      await tell('slice-denied', 'contract-b', 'slice b: a second one');
      await tell('renewal-refused', 'contract-a', 'at noon');
      await tell('renewal-refused', 'contract-a', 'a minute later');
      await tell('renewal-refused', 'contract-b', 'at noon');
      const about = (await audit.page({ limit: 100 })).items.map(({ kind, contract, facts }) => [kind, contract, facts['detail']]);
      expect(about.toReversed()).toEqual([
        ['slice-denied', 'contract-a', 'slice a: larger'],
        ['slice-denied', 'contract-a', 'slice b: a second one'],
        ['slice-denied', 'contract-b', 'slice b: a second one'],
        ['renewal-refused', 'contract-a', 'at noon'],
        ['renewal-refused', 'contract-b', 'at noon'],
      ]);
      for (let n = 0; n < 1_000; n += 1) await tell('slice-denied', 'contract-a', `slice ${n}`);
      // Fourteen more of their own, and of the others the first, tenth and hundredth (986 there are).
      expect((await audit.page({ limit: 100 })).items.map(({ facts }) => facts['count']).slice(0, 17)).toEqual([
        100,
        10,
        ...Array(15).fill(1),
      ]);
    });

    it('fills nothing, whatever names it takes', async () => {
      for (let n = 0; n < 1_500; n += 1) await audit.tally({ kind: 'request-refused', peer: `mallory-${n}`, code: 'FORBIDDEN' });
      const rows = (await audit.page({ limit: 5_000 })).items;
      expect(rows.length).toBeLessThan(1_010);
      expect(rows[0]).toMatchObject({ peer: '(others)', facts: { count: 100 } });
    });
  });
}
