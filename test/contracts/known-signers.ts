import { beforeEach, expect, it } from 'vitest';
import type { KnownSigners } from '../../src/ports/known-signers.ts';
import { NOON } from './samples.ts';

export interface KnownSignersSubject {
  readonly signers: KnownSigners;
  /** Stops the subject's clock at a time (ms since the epoch). */
  setClock(at: number): Promise<void>;
}

/** What every `KnownSigners` does; `make` answers one that knows nobody. */
export function knownSignersContract(make: () => Promise<KnownSignersSubject>): void {
  let { signers, setClock } = {} as KnownSignersSubject;
  beforeEach(async () => {
    ({ signers, setClock } = await make());
    await setClock(NOON);
  });
  const [south, deep] = ['south.example:1', 'deep.example:1'] as const;
  const nonce = (value: string) => ({ value, keepMs: 1_000 });

  it('know nobody at first, and then by address and by id', async () => {
    const asked = () =>
      Promise.all([{ address: south }, { nodeId: 'south' }, { address: deep, nodeId: 'deep' }, {}].map((of) => signers.signs(of)));
    expect(await asked()).toEqual([false, false, false, false]);
    for (const _ of [1, 2]) await signers.heard({ address: south });
    expect(await asked()).toEqual([true, false, false, false]);
    for (const _ of [1, 2]) await signers.heard({ address: south, nodeId: 'south' });
    await signers.heard({ address: south });
    expect(await asked()).toEqual([true, true, false, false]);
    expect(await signers.signs({ address: deep, nodeId: 'south' })).toBe(true);
    expect(await signers.signs({ nodeId: 'south', except: south })).toBe(false);
    expect(await signers.signs({ nodeId: 'south', except: deep })).toBe(true);
  });

  it('keep an id for the address that signed by it first', async () => {
    await signers.heard({ address: south, nodeId: 'south' });
    await expect(signers.heard({ address: deep, nodeId: 'south', nonce: nonce('n') })).rejects.toMatchObject({ code: 'BUYER_REFUSED' });
    expect(await signers.signs({ address: deep })).toBe(false);
    await signers.heard({ address: south, nodeId: 'south', nonce: nonce('n') });
  });

  it('give an id to one of those that sign by it at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const heard = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) => signers.heard({ address: `a${round}${n}:1`, nodeId: `south${round}` })),
      );
      expect(heard.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  it('let an operator say where an id belongs, and a node take another id', async () => {
    await signers.heard({ address: south, nodeId: 'south' });
    await signers.heard({ address: deep, nodeId: 'south', pinned: true });
    await expect(signers.heard({ address: south, nodeId: 'south' })).rejects.toMatchObject({ code: 'BUYER_REFUSED' });
    expect(await signers.signs({ address: south })).toBe(true);
    await signers.heard({ address: deep, nodeId: 'deep' });
    await signers.heard({ address: south, nodeId: 'south' });
  });

  it('take a nonce once for as long as it is kept, of each sender', async () => {
    const heard = (address: string, value: string) => signers.heard({ address, nonce: nonce(value) });
    await heard(south, 'a');
    await heard(south, 'b');
    await heard(deep, 'a');
    for (const _ of [1, 2])
      await expect(heard(south, 'a')).rejects.toMatchObject({ code: 'SIGNATURE_REFUSED', facts: { why: 'replayed' } });
    await setClock(NOON + 1_001);
    await heard(south, 'a');
  });

  it('bind an id once though its node says much at once', async () => {
    await Promise.all(Array.from({ length: 8 }, (_, n) => signers.heard({ address: south, nodeId: 'south', nonce: nonce(`n${n}`) })));
  });

  it('take a nonce once of many who send it at once', async () => {
    const heard = await Promise.allSettled(
      Array.from({ length: 8 }, () => signers.heard({ address: south, nodeId: 'south', nonce: nonce('a') })),
    );
    expect(heard.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('forget strangers that were not heard for long, and the longest unheard of too many', async () => {
    const DAY = 86_400_000;
    for (const n of [1, 2, 3, 4]) {
      await setClock(NOON + n * DAY);
      await signers.heard({ address: `a${n}:1`, nodeId: `n${n}` });
    }
    const known = async () => (await Promise.all([1, 2, 3, 4].map((n) => signers.signs({ nodeId: `n${n}` })))).map(Number).join('');
    expect([await signers.prune(), await known()]).toEqual([0, '1111']);
    await setClock(NOON + 5.5 * DAY);
    await signers.heard({ address: 'a1:1', nodeId: 'n1', nonce: nonce('n') });
    expect([await signers.prune(3), await known()]).toEqual([1, '1011']);
    await setClock(NOON + 94.5 * DAY);
    expect([await signers.prune(), await known()]).toEqual([2, '1000']);
    // Forgotten, it begins as any other.
    await signers.heard({ address: 'elsewhere:1', nodeId: 'n2' });
  });
}
