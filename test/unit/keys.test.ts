import { verify } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileKeyStore } from '../../src/adapters/keys/file-store.ts';
import { didOf, ownerOfKey, type PublicJwk } from '../../src/domain/did.ts';
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

test('after a rotation the new key signs, the old one counts for the overlap, and its private half is gone', async () => {
  const store = memoryKeyStore();
  const clock = clockAt(1_000_000);
  const signer = signerAt(AT, clock, store);
  const before = await signer.sign(words);
  const made = await signer.rotate({ overlapMs: 60_000 });
  expect((await signer.sign(words)).kid).toBe(made.kid);
  expect((await signer.published()).map(({ kid }) => kid)).toEqual([made.kid, before.kid]);
  expect((await signer.published())[1]?.until).toBe(new Date(1_060_000).toISOString());
  const { keys } = JSON.parse((await store.read())?.text ?? '') as { readonly keys: readonly { readonly d?: string }[] };
  expect(keys.map(({ d }) => d !== undefined)).toEqual([true, false]);

  clock.at += 60_000;
  expect((await signer.published()).map(({ kid }) => kid)).toEqual([made.kid]);
  await signer.rotate({ overlapMs: 0 });
  expect(await signer.published()).toHaveLength(1);
});

test('two that rotate at once both do, and another process signs with the newest key within a minute', async () => {
  const store = memoryKeyStore();
  const clock = clockAt(0);
  const [one, other] = [signerAt(AT, clock, store), signerAt(AT, clock, store)];
  const first = await other.sign(words);
  await Promise.all([one.rotate({ overlapMs: 3_600_000 }), signerAt(AT, clock, store).rotate({ overlapMs: 3_600_000 })]);
  expect(await signerAt(AT, clock, store).published()).toHaveLength(3);
  expect((await other.sign(words)).kid).toBe(first.kid);
  clock.at += 60_000;
  expect((await other.sign(words)).kid).toBe((await signerAt(AT, clock, store).published())[0]?.kid);
});

test('keys that are known go on signing while the store is away; without any it is said', async () => {
  const store = memoryKeyStore();
  let away = false;
  const lossy = {
    ...store,
    read: async () => {
      if (away) throw new Error('away');
      return await store.read();
    },
  };
  const clock = clockAt(0);
  const signer = signerAt(AT, clock, lossy);
  const { kid } = await signer.sign(words);
  away = true;
  clock.at += 120_000;
  expect((await signer.sign(words)).kid).toBe(kid);
  await expect(signerAt(AT, clock, lossy).sign(words)).rejects.toThrow('away');
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
