import { beforeEach, expect, it } from 'vitest';
import type { Turns } from '../../src/ports/turns.ts';
import { NOON } from './samples.ts';

export interface TurnsSubject {
  readonly turns: Turns;
  /** Stops the subject's clock at a time (ms since the epoch). */
  setClock(at: number): Promise<void>;
}

/** What every `Turns` does; `make` answers one where nobody has a turn. */
export function turnsContract(make: () => Promise<TurnsSubject>): void {
  let { turns, setClock } = {} as TurnsSubject;
  beforeEach(async () => {
    ({ turns, setClock } = await make());
    await setClock(NOON);
  });
  const take = (key: string, place = 'north large') => turns.take({ place, key, lastsMs: 1_000 });

  it('are one at each place; whoever has one keeps it', async () => {
    expect([await take('a'), await take('b'), await take('a'), await take('b', 'north small')]).toEqual([true, false, true, true]);
  });

  it('go to one of those that ask at once', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, (_, n) => take(`k${n}`)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  it('are given back by their key', async () => {
    await take('a');
    await turns.free({ key: 'b' });
    expect(await take('b')).toBe(false);
    for (const _ of [1, 2]) await turns.free({ key: 'a' });
    expect(await take('b')).toBe(true);
  });

  it('are given back by what came of them, at that seller only', async () => {
    await take('a');
    await turns.note({ place: 'north large', key: 'a', transaction: 't' });
    await turns.note({ place: 'north large', key: 'b', transaction: 'u' });
    expect(await take('a')).toBe(true);
    await turns.free({ transaction: 'u', at: 'north ' });
    await turns.free({ transaction: 't', at: 'west ' });
    expect(await take('b')).toBe(false);
    await turns.free({ transaction: 't', at: 'north ' });
    expect(await take('b')).toBe(true);
  });

  it('end by themselves, and what came of one says nothing of the next', async () => {
    await take('a');
    await turns.note({ place: 'north large', key: 'a', transaction: 't' });
    await setClock(NOON + 999);
    expect(await take('b')).toBe(false);
    await setClock(NOON + 1_000);
    expect(await take('b')).toBe(true);
    await turns.free({ transaction: 't', at: 'north ' });
    expect(await take('c')).toBe(false);
  });
}
