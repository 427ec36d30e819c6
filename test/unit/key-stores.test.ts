/** Where the keys of a node lie: in memory, in a file. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileKeyStore } from '../../src/adapters/keys/file-store.ts';
import { keyStoreContract, newsContract } from '../contracts/key-store.ts';
import { memoryKeyStore } from '../fakes/keys.ts';

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-keys-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('in memory', () => {
  const open = async () => {
    const store = memoryKeyStore();
    return [store, store] as const;
  };
  keyStoreContract(open);
  newsContract(open);
});

describe('in a file', () => {
  let files = 0;
  const open = async () => {
    files += 1;
    const file = path.join(folder, 'made', `${files}.json`);
    return [fileKeyStore(file), fileKeyStore(file)] as const;
  };
  keyStoreContract(open);
  newsContract(open);

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
