import { verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fileKeyStore } from '../../src/adapters/keys/file-store.ts';
import { keyring } from '../../src/adapters/keys/keyring.ts';
import { didOf, ownerOfKey, type PublicJwk } from '../../src/domain/did.ts';
import type { KeyStore, Signer } from '../../src/ports/signer.ts';
import { readDidDocument, writeDidDocument } from '../../src/rear/did.ts';
import { keyStoreContract } from '../contracts/key-store.ts';
import { memoryKeyStore, signerAt } from '../fakes/keys.ts';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-keys-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const AT = 'alice.example:3004';
const clockAt = (start: number) => {
  const clock = { at: start, now: () => clock.at };
  return clock;
};
const words = new TextEncoder().encode('a contract');
const isBy = (jwk: PublicJwk, signature: Uint8Array) => verify(null, words, { key: { ...jwk }, format: 'jwk' }, signature);

describe('in memory', () => {
  keyStoreContract(async () => {
    const store = memoryKeyStore();
    return [store, store];
  });
});

describe('in a file', () => {
  let files = 0;
  keyStoreContract(async () => {
    files += 1;
    const file = path.join(folder, 'made', `${files}.json`);
    return [fileKeyStore(file), fileKeyStore(file)];
  });

  test('its owner alone may read it, and one that others may read is refused', async () => {
    const file = path.join(folder, 'own.json');
    const store = fileKeyStore(file);
    await store.write('x', undefined);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readdirSync(path.dirname(file)).filter((name) => name.startsWith('own.json'))).toEqual(['own.json']);
    fs.chmodSync(file, 0o640);
    await expect(store.read()).rejects.toMatchObject({ code: 'KEYS_UNAVAILABLE', message: expect.stringContaining('chmod 600') as string });
  });

  test('a lock that a crash left is named, and taken over once it is old', async () => {
    const file = path.join(folder, 'crashed.json');
    const store = fileKeyStore(file);
    await store.write('old', undefined);
    const version = (await store.read())?.version;
    fs.writeFileSync(`${file}.lock`, '');
    await expect(store.write('new', version)).rejects.toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      message: expect.stringContaining(`${file}.lock`) as string,
    });
    const old = new Date(Date.now() - 31_000);
    fs.utimesSync(`${file}.lock`, old, old);
    const wrote = await Promise.all([store.write('new', version), fileKeyStore(file).write('new', version)]);
    expect([wrote.toSorted(), (await store.read())?.text]).toEqual([[false, true], 'new']);
    expect(fs.readdirSync(folder).filter((name) => name.startsWith('crashed.json'))).toEqual(['crashed.json']);
  });

  test('a place that cannot be written to is said, without what was to be written', async () => {
    fs.writeFileSync(path.join(folder, 'a-file'), '');
    const store = fileKeyStore(path.join(folder, 'a-file', 'keys.json'));
    await expect(store.write('secret', undefined)).rejects.toMatchObject({
      code: 'KEYS_UNAVAILABLE',
      message: expect.not.stringContaining('secret') as string,
    });
  });
});

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

/** The minute within which each process has read a new key, doubled. */
const SHOWN_FIRST_MS = 120_000;
/** What goes on behind is over: keys in memory wait for nothing else. */
const settled = () => new Promise((resolve) => void setImmediate(resolve));
/** Reads again behind, as it does when it is asked. */
const refreshed = async (signer: Signer) => {
  await signer.published();
  await settled();
};
const kidsOf = async (signer: Signer) => (await signer.published()).map(({ kid }) => kid);
const storedIn = async (store: KeyStore) =>
  (JSON.parse((await store.read())?.text ?? '') as { readonly keys: readonly { readonly d?: string; readonly signsFrom?: string }[] }).keys;

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
    const signer = keyring({ did: didOf(AT), store: lossy, clock, log: (why) => void said.push(why) });
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
  const store: KeyStore = { read: () => place.read(), write: (text, over) => place.write(text, over) };
  const clock = clockAt(0);
  const said: string[] = [];
  const open = () => keyring({ did: didOf(AT), store, clock, log: (why, facts) => void said.push(`${why} ${JSON.stringify(facts)}`) });
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

test('a DID document shows the keys and is read back; another node’s is refused, and keys that others control are passed over', async () => {
  const signer = signerAt(AT, clockAt(0));
  const published = await signer.published();
  const document = writeDidDocument(signer.did, published) as { verificationMethod: object[] };
  expect(readDidDocument(document, signer.did)).toEqual(published.map(({ kid, jwk }) => ({ kid, jwk })));
  expect(() => readDidDocument(document, didOf('mallory.example:3004'))).toThrow('another node');
  const [method] = document.verificationMethod;
  const others = { ...document, verificationMethod: [{ ...method, controller: 'did:web:mallory.example' }, { ...method, type: 'x' }, 7] };
  expect(readDidDocument(others, signer.did)).toHaveLength(1);
});

test.each([
  ['did:web:alice.example%3A3004', 'alice.example:3004'],
  ['did:web:%5B%3A%3A1%5D%3A3004', '[::1]:3004'],
])('%s is at %s', (did, address) => {
  expect(didOf(address)).toBe(did);
  expect(didOf(`https://${address.toUpperCase()}`)).toBe(did);
  expect(ownerOfKey(`${did}#${'a'.repeat(43)}`)).toEqual({ did, address });
});

test.each([
  'did:web:alice.example%3A3004',
  `did:key:z6Mk#${'a'.repeat(43)}`,
  `did:web:alice.example%3A3004:path#${'a'.repeat(43)}`,
  `did:web:alice.example#${'a'.repeat(43)}`,
  `did:web:Alice.Example%3A3004#${'a'.repeat(43)}`,
  `did:web:alice.example%3a3004#${'a'.repeat(43)}`,
  `did:web:alice%2Fexample%3A3004#${'a'.repeat(43)}`,
  `did:web:%E0%A4%A#${'a'.repeat(43)}`,
  'did:web:alice.example%3A3004#short',
])('%s names no key of a node', (kid) => {
  expect(ownerOfKey(kid)).toBeUndefined();
});
