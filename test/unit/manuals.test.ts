/** What the manuals tell their readers to write, run and follow. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigurationError, readConfiguration } from '../../src/runtime/read-configuration.ts';
import { rearguard } from './cli-subject.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folderOf = (folder: string): readonly string[] =>
  readdirSync(path.join(root, folder)).flatMap((file) => (file.endsWith('.md') ? [`${folder}/${file}`] : []));
const manuals = ['README.md', ...folderOf('docs')];
const textOf = (manual: string): string => readFileSync(path.join(root, manual), 'utf8');

/** Blocks of one language, without their indentation. */
const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm'))].map(([, indent = '', block = '']) =>
    block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );

/** How what is no configuration begins: an intent, or a piece of one, and a resource in a cluster. */
const OTHER = ['apiVersion', 'spec', 'services', 'env'];
const shown = manuals.flatMap((manual) =>
  blocks(textOf(manual), 'yaml').flatMap((block) => {
    // What stands for something longer is left out there, and here made good.
    const read = parse(block.replaceAll('[6w…43 characters…]', `[${'6w'.padEnd(43, 'A')}]`)) as object;
    return Object.keys(read).some((key) => OTHER.includes(key)) ? [] : [{ manual, read, whole: !block.includes('and so on') }];
  }),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rearguard-manuals-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NODE = { id: 'alice', domain: 'alice.example', address: 'alice.example:3004' };

/** What a node that read them from its file says is wrong. */
function wrongIn(read: object): readonly string[] {
  const file = path.join(folder, 'node.json');
  writeFileSync(file, JSON.stringify({ node: NODE, ...read }));
  try {
    readConfiguration({ file, environment: {} });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.wrong.map(({ field, problem }) => `${field}: ${problem}`);
    throw error;
  }
}

test('a node takes each configuration that a manual shows', () => {
  expect(shown.length).toBeGreaterThan(10);
  for (const { manual, read, whole } of shown)
    if (whole) expect({ manual, read, wrong: wrongIn(read) }).toEqual({ manual, read, wrong: [] });
});

/** `rearguard intent end NAME --watch`: its words, and its options. */
const commands = manuals.flatMap((manual) => {
  const text = textOf(manual);
  const inline = [...text.matchAll(/`rearguard ([^`]+)`/g)].map(([, line = '']) => line);
  const lines = blocks(text, 'sh').flatMap((block) => [...block.matchAll(/\brearguard ((?:[^\n#|;&)])+)/g)].map(([, line = '']) => line));
  return [...inline, ...lines].map((line) => ({ manual, line: line.split(/ \| | && |;/)[0] ?? line }));
});
/** Of the program as a whole, which starts a node or prints an account for one: no part of the command line that asks a node. */
const OF_THE_PROGRAM = ['serve', 'work', 'node', 'rbac'];

test('each command that a manual names is there, with its options', async () => {
  const { out: ofAll } = await rearguard(['--help']);
  let asked = 0;
  for (const { manual, line } of commands) {
    const words = line.split(' ');
    const rest = words.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
    const named = rest < 0 ? words : words.slice(0, rest);
    if (named.length === 0 || OF_THE_PROGRAM.includes(named[0] ?? '')) continue;
    asked += 1;
    const { exit, out, err } = await rearguard([...named, '--help']);
    expect({ manual, line, exit, err }).toEqual({ manual, line, exit: 0, err: '' });
    // Of a command that it does not know the program says what it knows; `contract` is a short word for `contracts`.
    const [usage = '', path = ''] = /^Usage: rearguard ([a-z| -]+) .*/.exec(out) ?? [];
    const known = path.split(' ').map((word) => word.split('|'));
    const given = usage.endsWith('[command]') ? named : named.slice(0, known.length);
    const isIt =
      given.length === known.length && known.every(([word = '', short], n) => word.startsWith(given[n] ?? '') || short === given[n]);
    expect(isIt, `${manual}: rearguard ${line} is taken for ${usage}`).toBe(true);
    for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(`${ofAll}${out}`, `${manual}: rearguard ${line}`).toContain(option);
  }
  expect(asked).toBeGreaterThan(20);
});

/** As GitHub makes an anchor of a heading. */
const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
      .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );

test('each link of a manual leads to a file, and to a heading in it', () => {
  const astray: string[] = [];
  for (const manual of [...manuals, ...folderOf('docs/decisions'), 'ARCHITECTURE.md', 'CHANGELOG.md']) {
    for (const [, link = ''] of textOf(manual).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? manual : path.join(path.dirname(manual), file);
      const to = path.join(root, target);
      if (!existsSync(to) || (anchor !== undefined && !anchorsOf(readFileSync(to, 'utf8')).includes(anchor)))
        astray.push(`${manual}: ${link}`);
    }
  }
  expect(astray).toEqual([]);
});
