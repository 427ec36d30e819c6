/** Who asks, at the command line. */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Fetcher } from '../../src/cli/client.ts';
import { guarded, rearguard } from './cli-subject.ts';

const home = mkdtempSync(path.join(tmpdir(), 'rearguard-home-'));
const file = path.join(home, '.config', 'rearguard', 'token');
mkdirSync(path.dirname(file), { recursive: true });
afterAll(() => rmSync(home, { recursive: true }));
const inFile = (token: string, mode = 0o600): { HOME: string } => {
  writeFileSync(file, `${token}\n`);
  chmodSync(file, mode);
  return { HOME: home };
};
const listed = ['intent', 'list'];

test('come from the command line, the environment or a file, in this order', async () => {
  const environment = { ...inFile('rgt_unknown'), REARGUARD_TOKEN: 'rgt_v-1' };
  expect((await rearguard(listed, { fetch: guarded, environment })).exit).toBe(0);
  expect((await rearguard(['--token', 'rgt_unknown', ...listed], { fetch: guarded, environment })).exit).toBe(5);
  expect((await rearguard(listed, { fetch: guarded, environment: inFile('rgt_o-1') })).exit).toBe(0);
  const elsewhere = { HOME: '/nowhere', XDG_CONFIG_HOME: path.join(home, '.config') };
  expect((await rearguard(listed, { fetch: guarded, environment: elsewhere })).exit).toBe(0);
});

test.each<[string, Readonly<Record<string, string>>, readonly string[], number, RegExp]>([
  ['none', {}, listed, 5, /Unauthorized \(UNAUTHENTICATED\)[^]*REARGUARD_TOKEN, a file ~\/\.config\/rearguard\/token \(0600\), or --token/],
  [
    'one that is not known',
    { REARGUARD_TOKEN: 'rgt_x' },
    listed,
    5,
    /not known here, or no longer\n {2}The node does not know the token that was sent/,
  ],
  [
    'one of a lesser role',
    { REARGUARD_TOKEN: 'rgt_v-1' },
    ['nodes', 'add', 'a:1'],
    5,
    /FORBIDDEN[^]*needs the role operator; ann is viewer/,
  ],
  ['one that breaks the header', { REARGUARD_TOKEN: 'rgt\nx' }, listed, 2, /the token is none/],
])('%s', async (_, environment, argv, exit, words) => {
  const said = await rearguard(argv, { fetch: guarded, environment });
  expect([said.exit, said.err]).toEqual([exit, expect.stringMatching(words)]);
  expect(said.err + said.out).not.toMatch(/rgt/);
});

test('a file that others may read is not used', async () => {
  const said = await rearguard(listed, { fetch: guarded, environment: inFile('rgt_v-1', 0o640) });
  expect([said.exit, said.err]).toEqual([2, expect.stringMatching(/others may read .*token: chmod 0600 it/)]);
});

test('that of the file goes to no other machine in clear, and no token to where an answer sends us', async () => {
  const sent: (readonly [string, unknown, unknown])[] = [];
  const elsewhere: Fetcher = async (url, { headers, redirect }) => {
    sent.push([url, new Headers(headers).get('authorization'), redirect]);
    return new Response(null, { status: 307, headers: { location: 'http://elsewhere.example/' } });
  };
  const environment = inFile('rgt_v-1');
  for (const api of ['http://node.example:3005', 'https://node.example:3005', 'http://[::1]:3005'])
    expect((await rearguard(['--api', api, ...listed], { fetch: elsewhere, environment })).exit).toBe(3);
  // What answers so is asked whether it is the other listener of a node, without a token.
  const [api, rear] = [false, true].map((isRear) => sent.filter(([url]) => url.endsWith('/.well-known/rear') === isRear));
  expect(api?.map(([, authorization]) => authorization)).toEqual([null, 'Bearer rgt_v-1', 'Bearer rgt_v-1']);
  expect(rear?.map(([, authorization]) => authorization)).toEqual([null, null, null]);
  expect(sent.every(([, , redirect]) => redirect === 'manual')).toBe(true);
});

test('are made here, each once, with the line that makes the node know them', async () => {
  const made = await rearguard(['token', 'create', '--name', 'ops', '--role', 'operator'], {
    fetch: () => Promise.reject(new Error('asked')),
  });
  const [, token = '', line = ''] = /^(rgt_[\w-]{43})\n[^]*\n(- \{.*\})\n$/.exec(made.out) ?? [];
  expect(parse(line)).toEqual([{ name: 'ops', role: 'operator', sha256: createHash('sha256').update(token).digest('hex') }]);
  expect((await rearguard(['token', 'create', '--name', 'ops'])).out).not.toContain(token);
  expect(JSON.parse((await rearguard(['--json', 'token', 'create', '--name', 'a'])).out)).toMatchObject({
    entry: { name: 'a', role: 'viewer' },
  });
  expect(await rearguard(['token', 'create', '--name', 'ops', '--role', 'root'])).toMatchObject({ exit: 2, out: '' });
  expect(await rearguard(['token', 'create', '--name', 'o{p}s'])).toMatchObject({ exit: 2, out: '' });
});
