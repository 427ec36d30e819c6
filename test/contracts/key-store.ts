import { expect, test } from 'vitest';
import type { KeyStore } from '../../src/ports/signer.ts';

/** What every place for keys does. `open` answers stores that share one place, which is empty. */
export function keyStoreContract(open: () => Promise<readonly [KeyStore, KeyStore]>): void {
  test('keys are there for all once one wrote them, and the first of several writers wins', async () => {
    const [one, other] = await open();
    expect(await one.read()).toBeUndefined();
    const wrote = await Promise.all([one.write('from one', undefined), other.write('from the other', undefined)]);
    expect(wrote.toSorted()).toEqual([false, true]);
    const [first, second] = [await one.read(), await other.read()];
    expect(first).toEqual(second);
    expect(first?.text).toBe(wrote[0] ? 'from one' : 'from the other');
    expect(await other.write('again from nothing', undefined)).toBe(false);

    const over = await Promise.all([one.write('b', first?.version), other.write('c', first?.version)]);
    expect(over.toSorted()).toEqual([false, true]);
    expect((await other.read())?.text).toBe(over[0] ? 'b' : 'c');
    expect(await one.write('d', first?.version)).toBe(false);
    expect(await one.write('e', (await one.read())?.version)).toBe(true);
    expect((await other.read())?.text).toBe('e');
  });
}
