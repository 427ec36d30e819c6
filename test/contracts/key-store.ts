import { expect, test, vi } from 'vitest';
import { keyring } from '../../src/adapters/keys/keyring.ts';
import { didOf } from '../../src/domain/did.ts';
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

/** What every place does from which keys are read again when another process wrote them; `far`: it tells of that itself, some moments later. `open` as above. */
export function newsContract(open: () => Promise<readonly [KeyStore, KeyStore]>, { far = false } = {}): void {
  const moments = async (check: () => Promise<void>): Promise<void> => (far ? await vi.waitFor(check, 10_000) : await check());

  test('a key that is withdrawn signs no more in any other process, and is shown by none', async () => {
    const [one, other] = await open();
    const stop = new AbortController();
    // Nothing is read again because it is old.
    const clock = { now: () => 0 };
    const signerOver = (store: KeyStore) => keyring({ did: didOf('north.example:3004'), store, clock, follow: stop.signal });
    const [here, there] = [signerOver(one), signerOver(other)];
    const words = new TextEncoder().encode('a contract');
    try {
      for (let rotations = 0; rotations < 3; rotations += 1) {
        const before = await there.sign(words);
        const { kid } = await here.rotate({ overlapMs: 0 });
        expect(kid).not.toBe(before.kid);
        await moments(async () => expect((await there.sign(words)).kid).toBe(kid));
        expect((await there.published()).map((key) => key.kid)).toEqual([kid]);
      }
    } finally {
      stop.abort();
    }
  });

  test('a place that says nothing new is not read again', async () => {
    const [store] = await open();
    const stop = new AbortController();
    store.follow?.(stop.signal);
    try {
      if ((await store.read()) === undefined) await store.write('x', undefined);
      await moments(async () => expect(await store.glance()).toBeDefined());
      const { version } = (await store.read()) ?? {};
      const before = await store.glance();
      expect([await store.glance(), await store.glance()]).toEqual([before, before]);
      await store.write('y', version);
      await moments(async () => expect(await store.glance()).not.toBe(before));
    } finally {
      stop.abort();
    }
  });
}
