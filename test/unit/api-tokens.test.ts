import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApiTokens, readTokensFile } from '../../src/runtime/api-tokens.ts';

const hex = (token: string): string => createHash('sha256').update(token).digest('hex');
const entry = (name: string, token: string, role = 'viewer'): string => `- {name: ${name}, role: ${role}, sha256: ${hex(token)}}\n`;

let folder: string;
let file: string;
let stop: AbortController;
let said: string[];
let troubles: (string | undefined)[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rearguard-tokens-'));
  file = path.join(folder, 'tokens.yaml');
  stop = new AbortController();
  said = [];
  troubles = [];
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const write = (text: string, mode = 0o600, at = file): void => {
  writeFileSync(at, text, { mode });
  chmodSync(at, mode);
};
const opened = async (tokens: Parameters<typeof openApiTokens>[0]['tokens'] = []) => {
  const log = (facts: object, words: string): void => void said.push(`${words} ${JSON.stringify(facts)}`);
  return await openApiTokens({
    tokens,
    file,
    log: { info: log, warn: log },
    signal: stop.signal,
    troubled: (why) => void troubles.push(why),
  });
};

test('a token is known by its hash, from the configuration and from the file', async () => {
  write(entry('ops', 'rgt_ops', 'operator'));
  const list = await opened([{ name: 'boss', role: 'admin', sha256: hex('rgt_boss') }]);
  expect(list.of('rgt_ops')).toEqual({ name: 'ops', role: 'operator' });
  expect(list.of('rgt_boss')).toEqual({ name: 'boss', role: 'admin' });
  for (const stranger of ['', 'rgt_op', hex('rgt_ops'), 'ops']) expect(list.of(stranger)).toBeUndefined();
});

describe('a file that cannot be used says why, and repeats nothing of it', () => {
  test.each<[string, string, number, RegExp]>([
    ['others may read it', entry('a', 'x'), 0o644, /mode 0644\): chmod 0600/],
    ['others may write it', entry('a', 'x'), 0o620, /mode 0620\)/],
    ['a token in clear', '- {name: a, role: viewer, token: rgt_secret}', 0o600, /\[0\]\.token is not a known field/],
    ['a token instead of its hash', '- {name: a, role: viewer, sha256: rgt_secret}', 0o600, /must be the SHA-256 of a token/],
    [
      'a token for a role',
      `- {name: a, role: rgt_secret, sha256: ${hex('x')}}`,
      0o600,
      /\[0\]\.role must be one of viewer, operator, admin$/,
    ],
    ['a token for a list', 'rgt_secret', 0o600, /no list of tokens: must be a list$/],
    ['no YAML', '{rgt_secret', 0o600, /neither YAML nor JSON$/],
    ['one name twice', entry('a', 'x') + entry('a', 'y'), 0o600, /\[1\]\.name is that of \[0\] too/],
    ['one token twice', entry('a', 'x') + entry('b', 'x'), 0o600, /\[1\]\.sha256 is that of \[0\] too/],
  ])('%s', async (_, text, mode, words) => {
    write(text, mode);
    const refused = readTokensFile(file);
    await expect(refused).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(words) });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('rgt_secret') });
  });

  test('it is not there', async () => {
    await expect(opened()).rejects.toMatchObject({ message: expect.stringContaining('cannot be read (ENOENT)') });
  });
});

test('it is read again when it changes: written over, replaced, and replaced as Kubernetes does', async () => {
  write(entry('one', 'rgt_1'));
  const list = await opened();
  write(entry('two', 'rgt_2'));
  await expect.poll(() => list.of('rgt_2')?.name).toBe('two');
  expect(list.of('rgt_1')).toBeUndefined();
  const next = path.join(folder, 'next');
  write(entry('three', 'rgt_3'), 0o600, next);
  renameSync(next, file);
  await expect.poll(() => list.of('rgt_3')?.name).toBe('three');

  // A mounted Secret: the file is a link below `..data`, which is a link that is replaced.
  for (const [version, token] of [
    ['..v1', 'rgt_4'],
    ['..v2', 'rgt_5'],
  ] as const) {
    mkdirSync(path.join(folder, version));
    write(entry('mounted', token), 0o640, path.join(folder, version, 'tokens.yaml'));
    symlinkSync(version, path.join(folder, '..next'));
    renameSync(path.join(folder, '..next'), path.join(folder, '..data'));
    if (version === '..v1') {
      symlinkSync('..data/tokens.yaml', path.join(folder, 'link'));
      renameSync(path.join(folder, 'link'), file);
    }
    await expect.poll(() => list.of(token)?.name).toBe('mounted');
  }
  expect(said.filter((line) => line.includes('rgt_'))).toEqual([]);
});

test('it is read again when the folder that it lies in is a link, and is replaced', async () => {
  for (const version of ['v1', 'v2', 'v3']) {
    mkdirSync(path.join(folder, version));
    write(entry(version, `rgt_${version}`), 0o600, path.join(folder, version, 'tokens.yaml'));
  }
  const lead = (version: string): void => {
    symlinkSync(version, path.join(folder, 'next'));
    renameSync(path.join(folder, 'next'), path.join(folder, 'current'));
  };
  lead('v1');
  file = path.join(folder, 'current', 'tokens.yaml');
  const list = await opened();
  for (const version of ['v2', 'v3']) {
    lead(version);
    await expect.poll(() => list.of(`rgt_${version}`)?.name).toBe(version);
  }
});

test('one that breaks leaves those who were known, and is told until it is mended', async () => {
  write(entry('one', 'rgt_1'));
  const list = await opened();
  write('- {name: one, role: vewer}');
  await expect.poll(() => troubles.at(-1)).toMatch(/role must be one of[^]*what was read before it still counts/);
  expect(list.of('rgt_1')?.name).toBe('one');
  expect(said.at(-1)).toContain('cannot be used');
  // Nobody is left: that is an answer too.
  write('[]');
  await expect.poll(() => troubles.at(-1)).toBeUndefined();
  await expect.poll(() => list.of('rgt_1')).toBeUndefined();
});

test.each<[string, string]>([
  ['not a byte', ''],
  ['blanks and lines', ' \n\n'],
  ['a comment', '# rgt_1 went\n'],
  ['the begin of a document', '---\n'],
])('a file with nothing but %s is a list of nobody, at the start and later: what stood in it is withdrawn', async (_, nothing) => {
  write(nothing);
  const boss = { name: 'boss', role: 'admin', sha256: hex('rgt_boss') } as const;
  const list = await opened([boss]);
  expect([list.of('rgt_1'), list.of('rgt_boss')?.name]).toEqual([undefined, 'boss']);
  write(entry('one', 'rgt_1'));
  await expect.poll(() => list.of('rgt_1')?.name).toBe('one');
  write(nothing);
  await expect.poll(() => list.of('rgt_1')).toBeUndefined();
  expect([list.of('rgt_boss')?.name, troubles.filter((why) => why !== undefined)]).toEqual(['boss', []]);
  // An editor that empties a file before it writes withdraws for a moment only.
  write(entry('one', 'rgt_1'));
  await expect.poll(() => list.of('rgt_1')?.name).toBe('one');
});
