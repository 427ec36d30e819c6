import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const files = (folder: string): readonly string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);

/** What a module can change after it was evaluated: a name, or a container that starts empty. */
const KEEPS = /^(?:export )?(?:(?:let|var) |const \w+(?:: [^=]+)? = (?:new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)|\[\]|\{\});)/m;
const keeping = (text: string): string | undefined => KEEPS.exec(text)?.[0];

/** What remembers results that are the same for everybody. */
const MEMOS = ['src/domain/quantity.ts'];
/** The build keeps zod out of the bundle, and whoever imports it. */
const isInBundle = (text: string): boolean => !/^import (?!type).* from 'zod'/m.test(text) && !text.includes('import { z }');

test('what keeps something between two calls is recognised', () => {
  for (const text of ['let turns = 0;', 'export let last: string;', 'const seen = new Set<string>();', 'const lines: string[] = [];'])
    expect(keeping(`/** Text. */\n${text}\n`)).toBeDefined();
  for (const text of ["const KNOWN = new Set(['a']);", 'function f() {\n  let x = 0;\n}', 'const NOTHING = { cpu: 0 };'])
    expect(keeping(text)).toBeUndefined();
});

test('no module that workflows share keeps anything: another intent would see it, and a replay would not', () => {
  const found = [...files('workflows'), ...files('src/domain')]
    .map((file) => ({ file, text: readFileSync(path.join(root, file), 'utf8') }))
    .filter(({ file, text }) => !MEMOS.includes(file) && isInBundle(text))
    .flatMap(({ file, text }) => (keeping(text) === undefined ? [] : [`${file}: ${keeping(text)}`]));
  expect(found).toEqual([]);
});
