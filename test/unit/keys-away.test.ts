/** Keys whose store is silent, or holds what is none of ours. */
import { describe, expect, test } from 'vitest';
import { keyring } from '../../src/adapters/keys/keyring.ts';
import { didOf } from '../../src/domain/did.ts';
import type { KeyStore } from '../../src/ports/signer.ts';
import { memoryKeyStore, signerAt } from '../fakes/keys.ts';
import { AT, clockAt, words, settled, refreshed, kidsOf } from './keys-subject.ts';

/** What a keyring says, with its facts where these are looked at. */
const noting = (said: string[], facts = false): NonNullable<Parameters<typeof keyring>[0]['log']> => {
  const note = (of: object, why: string): void => void said.push(facts ? `${why} ${JSON.stringify(of)}` : why);
  return { info: note, warn: note };
};

describe('where the store does not answer', () => {
  /** Keys whose reading can be held back, or fail. */
  const heldStore = () => {
    const store = memoryKeyStore();
    const held = { reads: 0, until: undefined as Promise<unknown> | undefined, fails: false };
    const read: KeyStore['read'] = async () => {
      held.reads += 1;
      const stored = await store.read();
      await held.until;
      if (held.fails) throw new Error('away');
      return stored;
    };
    return { store, held, lossy: { ...store, read } };
  };

  test('keys that are known sign at once while it is silent, and it is asked once', async () => {
    const { held, lossy } = heldStore();
    const clock = clockAt(0);
    const signer = signerAt(AT, clock, lossy);
    const { kid } = await signer.sign(words);
    held.until = new Promise(() => {});
    held.reads = 0;
    clock.at += 3_600_000;
    for (let n = 0; n < 3; n += 1) expect([(await signer.sign(words)).kid, ...(await kidsOf(signer))]).toEqual([kid, kid]);
    expect(held.reads).toBe(1);
  });

  test('after a failure it is asked again some seconds later, and it is said once; without any keys it is thrown', async () => {
    const { held, lossy } = heldStore();
    const clock = clockAt(0);
    const said: string[] = [];
    const signer = keyring({ did: didOf(AT), store: lossy, clock, log: noting(said) });
    const { kid } = await signer.sign(words);
    held.fails = true;
    held.reads = 0;
    said.length = 0;
    clock.at += 120_000;
    const readsAfter = async (ms: number) => {
      clock.at += ms;
      for (let n = 0; n < 3; n += 1) {
        expect((await signer.sign(words)).kid).toBe(kid);
        await settled();
      }
      return held.reads;
    };
    expect([await readsAfter(0), await readsAfter(4_000), await readsAfter(1_000)]).toEqual([1, 1, 2]);
    expect(said).toEqual([expect.stringContaining('go on signing')]);
    await expect(signerAt(AT, clock, lossy).sign(words)).rejects.toThrow('away');
  });

  test('what was read before a rotation and comes after it does not bring the old keys back', async () => {
    const { held, lossy } = heldStore();
    const clock = clockAt(0);
    const signer = signerAt(AT, clock, lossy);
    await signer.sign(words);
    clock.at += 60_000;
    let answer = (): void => {};
    held.until = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await signer.published();
    held.until = undefined;
    const { kid } = await signer.rotate({ overlapMs: 0 });
    answer();
    await settled();
    expect([await kidsOf(signer), (await signer.sign(words)).kid]).toEqual([[kid], kid]);
  });
});

test('keys that vanish are not made anew by a process that knew some: they go on signing, and it is said', async () => {
  const before = memoryKeyStore();
  let place: KeyStore = before;
  const store: KeyStore = { read: () => place.read(), write: (text, over) => place.write(text, over), glance: () => place.glance() };
  const clock = clockAt(0);
  const said: string[] = [];
  const open = () => keyring({ did: didOf(AT), store, clock, log: noting(said, true) });
  const signer = open();
  const { kid } = await signer.sign(words);
  expect(said).toEqual([expect.stringContaining(kid)]);
  place = memoryKeyStore();
  clock.at += 120_000;
  await refreshed(signer);
  expect((await signer.sign(words)).kid).toBe(kid);
  await expect(signer.rotate({ overlapMs: 0 })).rejects.toMatchObject({
    code: 'KEYS_UNAVAILABLE',
    message: expect.stringContaining('gone') as string,
  });
  expect(await place.read()).toBeUndefined();
  expect(said).toEqual([expect.anything(), expect.stringContaining('gone')]);
  place = before;
  expect((await open().sign(words)).kid).toBe(kid);
});

test.each(['', '{}', '{"version":1,"keys":[]}', '{"version":1,"keys":[{"x":"short","createdAt":"2026-01-01T00:00:00Z"}]}'])(
  'what is none of ours is neither used nor written over: %s',
  async (text) => {
    const store = memoryKeyStore();
    await store.write(text, undefined);
    const signer = signerAt(AT, clockAt(0), store);
    await expect(signer.sign(words)).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
    await expect(signer.rotate({ overlapMs: 0 })).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE' });
    expect((await store.read())?.text).toBe(text);
  },
);
