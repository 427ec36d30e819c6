/** The keys of a node: made once, rotated with an overlap. */
import { expect, test, vi } from 'vitest';
import { keyring } from '../../src/adapters/keys/keyring.ts';
import { didOf } from '../../src/domain/did.ts';
import { memoryKeyStore, signerAt } from '../fakes/keys.ts';
import { AT, clockAt, words, isBy, SHOWN_FIRST_MS, refreshed, kidsOf, storedIn } from './keys-subject.ts';

test('a key is made at the first use, by whichever process comes first, and signs for all', async () => {
  const store = memoryKeyStore();
  const clock = clockAt(0);
  const [one, other] = [signerAt(AT, clock, store), signerAt(AT, clock, store)];
  const [signed, also] = await Promise.all([one.sign(words), other.sign(words)]);
  expect(also).toEqual(signed);
  const [key] = await other.published();
  expect(key?.kid).toBe(signed.kid);
  expect(signed.kid.startsWith(`${didOf(AT)}#`)).toBe(true);
  expect(isBy(key?.jwk ?? { kty: 'OKP', crv: 'Ed25519', x: '' }, signed.signature)).toBe(true);
});

test('a new key is shown at once and signs later; the old one signs until then, counts for the overlap, and its private half goes', async () => {
  const store = memoryKeyStore();
  const clock = clockAt(1_000_000);
  const signer = signerAt(AT, clock, store);
  const before = await signer.sign(words);
  const made = await signer.rotate({ overlapMs: 60_000 });
  expect(made.signsFrom).toBe(new Date(1_000_000 + SHOWN_FIRST_MS).toISOString());
  expect(await kidsOf(signer)).toEqual([before.kid, made.kid]);
  clock.at += SHOWN_FIRST_MS - 1;
  await refreshed(signer);
  expect((await signer.sign(words)).kid).toBe(before.kid);
  expect((await storedIn(store)).map(({ d }) => d !== undefined)).toEqual([true, true]);

  clock.at += 1;
  expect((await signer.sign(words)).kid).toBe(made.kid);
  const [present, old] = await signer.published();
  expect([present?.kid, present?.signsFrom, old?.kid, old?.until]).toEqual([
    made.kid,
    undefined,
    before.kid,
    new Date(clock.at + 60_000).toISOString(),
  ]);
  clock.at += 30_000;
  await refreshed(signer);
  expect((await storedIn(store)).map(({ d }) => d !== undefined)).toEqual([true, false]);
  clock.at += 30_000;
  expect(await kidsOf(signer)).toEqual([made.kid]);
});

test('whatever signed or was about to counts no more once a key was stolen: the new one signs at once', async () => {
  const clock = clockAt(0);
  const store = memoryKeyStore();
  const signer = signerAt(AT, clock, store);
  await signer.rotate({ overlapMs: 3_600_000 });
  const { kid, signsFrom } = await signer.rotate({ overlapMs: 0 });
  expect([signsFrom, await kidsOf(signer), (await signer.sign(words)).kid]).toEqual([undefined, [kid], kid]);
  expect(await storedIn(store)).toHaveLength(1);
});

test('keys that were rotated before count no more either once a key was stolen, whatever end they had', async () => {
  const clock = clockAt(0);
  const store = memoryKeyStore();
  const signer = signerAt(AT, clock, store);
  for (let rotations = 0; rotations < 2; rotations += 1) {
    await signer.rotate({ overlapMs: 3_600_000 });
    clock.at += SHOWN_FIRST_MS;
    await refreshed(signer);
  }
  expect(await kidsOf(signer)).toHaveLength(3);
  const { kid } = await signer.rotate({ overlapMs: 0 });
  expect([await kidsOf(signer), (await storedIn(store)).length]).toEqual([[kid], 1]);
});

test('keys of before, which say not from when they sign, sign from when they were made', async () => {
  const store = memoryKeyStore();
  const one = memoryKeyStore();
  const [{ kid: old }, { kid: present }] = [
    await signerAt(AT, clockAt(0), one).sign(words),
    await signerAt(AT, clockAt(9), store).sign(words),
  ];
  const [{ d: _, ...retired } = {}] = await storedIn(one);
  const text = JSON.stringify({ version: 1, keys: [...(await storedIn(store)), { ...retired, until: new Date(60_000).toISOString() }] });
  await store.write(text, (await store.read())?.version);
  const signer = signerAt(AT, clockAt(10), store);
  expect([(await signer.sign(words)).kid, await kidsOf(signer)]).toEqual([present, [present, old]]);
});

test('two that rotate at once both do; no process signs with a key that another one, asked within the minute, does not show', async () => {
  const store = memoryKeyStore();
  const clock = clockAt(0);
  const [one, other, third] = [signerAt(AT, clock, store), signerAt(AT, clock, store), signerAt(AT, clock, store)];
  const first = await other.sign(words);
  await Promise.all([one.rotate({ overlapMs: 3_600_000 }), third.rotate({ overlapMs: 3_600_000 })]);
  expect(await signerAt(AT, clock, store).published()).toHaveLength(3);
  for (let minutes = 0; minutes < 4; minutes += 1) {
    const signed = await Promise.all([one.sign(words), third.sign(words)]);
    for (const { kid } of signed) expect(await kidsOf(other)).toContain(kid);
    clock.at += 60_000;
    for (const signer of [one, other, third]) await refreshed(signer);
  }
  expect((await other.sign(words)).kid).not.toBe(first.kid);
  expect((await other.sign(words)).kid).toBe((await kidsOf(signerAt(AT, clock, store)))[0]);
});

test('a process that nobody asks learns of a new key all the same, until it stops', async () => {
  vi.useFakeTimers();
  try {
    const store = memoryKeyStore();
    const clock = { now: () => Date.now() };
    const stop = new AbortController();
    const idle = keyring({ did: didOf(AT), store, clock, follow: stop.signal });
    await idle.published();
    const { kid } = await signerAt(AT, clock, store).rotate({ overlapMs: 3_600_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await kidsOf(idle)).toContain(kid);
    stop.abort();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
