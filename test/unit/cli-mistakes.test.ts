/** What the command line says of commands that are written wrongly. */
import { describe, expect, test } from 'vitest';
import type { Fetcher } from '../../src/cli/client.ts';
import { rearguard, YAML } from './cli-subject.ts';

describe('a command that a group does not have is told by its name', () => {
  test.each<[string, readonly string[], string, string?]>([
    ['where the group lists by itself', ['contract', 'verfy', 'x'], "'verfy' of contracts", 'verify'],
    ['before an option of the one that was meant', ['contracts', 'verfy', 'x', '--key', 'y'], "'verfy' of contracts", 'verify'],
    ['where the group does something by itself', ['key', 'rotat', '--overlap', '0s'], "'rotat' of key", 'rotate'],
    ['behind options of all commands', ['--json', 'nodes', 'ad', 'north.example:3004'], "'ad' of nodes", 'add'],
    ['where the group does nothing by itself', ['intent', 'statsu', 'web'], "'statsu' of intent", 'status'],
    ['where none is near', ['key', 'nonsense'], "'nonsense' of key"],
    ['where none is near, and it lists by itself', ['blueprints', 'nonsense'], "'nonsense' of blueprints"],
  ])('%s', async (_, argv, words, meant) => {
    const { exit, err } = await rearguard(argv);
    expect(err).toContain(`unknown command ${words}\n${meant === undefined ? '(see' : `(Did you mean ${meant}?)\n(see`}`);
    expect(exit).toBe(2);
  });

  test('one that it has is not, by whatever name, nor what the group does by itself', async () => {
    for (const argv of [['contracts'], ['contract', 'list'], ['contracts', '--role', 'buyer'], ['blueprint', 'list'], ['nodes'], ['key']])
      expect(await rearguard(argv)).toMatchObject({ exit: 0, err: '' });
    expect((await rearguard(['intent', 'help', 'run'])).out).toMatch(/^Usage: rearguard intent run/);
    expect((await rearguard(['contracts', 'list', 'x'])).err).toContain("too many arguments for 'list'");
  });
});

describe('with --json, whatever fails is told as a problem, once; to people it is told all the same, in the same way', () => {
  const nobody: Fetcher = () =>
    Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) }));
  const stranger: Fetcher = async () => new Response('<html>', { status: 200 });
  const usage = { type: 'urn:rearguard:fault:BAD_REQUEST', title: 'Bad request', status: 400, code: 'BAD_REQUEST', retry: false };
  const away = { type: 'about:blank', title: 'Not available at the moment', status: 503, retry: true };
  test.each<[string, readonly string[], { file?: string; fetch?: Fetcher }, number, object, RegExp]>([
    ['a node that is away', ['flavors'], { fetch: nobody }, 3, away, /^cannot reach[^]*\(ECONNREFUSED\)\nIs /],
    ['a list that is away', ['audit'], { fetch: nobody }, 3, away, /^cannot reach/],
    ['somebody else there', ['sums'], { fetch: stranger }, 3, away, /not a Rearguard node/],
    ['a file that is not there', ['intent', 'run', '-f', 'no.yaml'], {}, 2, usage, /^cannot read no\.yaml \(ENOENT\)$/],
    ['a value that is none', ['intent', 'run', '-f', 'x', '--until', 'noon'], { file: YAML }, 2, usage, /^--until must be/],
    ['an unknown option', ['intent', 'list', '--al'], {}, 2, usage, /^unknown option '--al'$/],
    [
      'an argument of an option that is none',
      ['intent', 'list', '-n', '0'],
      {},
      2,
      usage,
      /^option '-n, --limit <count>' argument '0' is invalid/,
    ],
    ['an unknown command', ['intnt'], {}, 2, usage, /^unknown command 'intnt'\n\(Did you mean intent\?\)$/],
    ['an unknown command of a group', ['key', 'rotat'], {}, 2, usage, /^unknown command 'rotat' of key/],
    ['no command', ['intent'], {}, 2, usage, /^a command is missing$/],
  ])('%s', async (_, argv, more, exit, problem, detail) => {
    const said = await rearguard([...argv, '--json'], more);
    expect(JSON.parse(said.out)).toEqual({ ...problem, detail: expect.stringMatching(detail) });
    expect(said.err).toMatch(argv.join() === 'intent' ? /^Usage: rearguard intent/ : /^rearguard: /);
    expect(said.err).not.toContain('error:');
    expect(said.exit).toBe(exit);
    const { out, ...same } = await rearguard(argv, more);
    expect([out, same]).toEqual(['', { exit, err: said.err }]);
  });

  test('what was printed already is the only document, and help is no problem', async () => {
    const tampered: Fetcher = async () =>
      Response.json({ verdict: 'broken', words: 'it is', checked: 1, sealed: 1, waiting: 0, heads: { count: 0, unreadable: 0 } });
    const { exit, out, err } = await rearguard(['audit', '--verify', '--json'], { fetch: tampered });
    expect([exit, JSON.parse(out), err]).toEqual([
      1,
      { verification: expect.objectContaining({ verdict: 'broken' }) },
      'rearguard: the audit is broken: it is\n',
    ]);
    expect(await rearguard(['--json', '--version'])).toEqual({ exit: 0, out: '0\n', err: '' });
  });
});
