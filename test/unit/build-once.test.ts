import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/build-once.mjs');
const { buildOnce } = (await import(SCRIPT)) as {
  buildOnce: (input: {
    readonly root: string;
    readonly sources: readonly string[];
    readonly wanted: RegExp;
    readonly make: (folder: string) => Promise<void>;
  }) => Promise<boolean>;
};

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'build-once-'));
  write('one');
});
afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

const write = (text: string): void => {
  fs.mkdirSync(path.join(root, 'src'), { recursive: true });
  fs.writeFileSync(path.join(root, 'src/main.ts'), text);
};
const copy = async (folder: string): Promise<void> => fs.copyFileSync(path.join(root, 'src/main.ts'), path.join(folder, 'main.js'));
const build = (make = copy) => buildOnce({ root, sources: ['src'], wanted: /\.ts$/, make });
const built = (): string => fs.readFileSync(path.join(root, 'dist/main.js'), 'utf8');

test('builds once, again when a source has changed, and goes back to a build that is still there', async () => {
  expect(await build()).toBe(true);
  expect(await build()).toBe(false);
  write('two');
  expect(await build()).toBe(true);
  expect(built()).toBe('two');
  write('one');
  expect(await build()).toBe(false);
  expect(built()).toBe('one');
});

test('leaves alone what a command that is under way still loads', async () => {
  await build();
  const begun = fs.realpathSync(path.join(root, 'dist'));
  write('two');
  await build(async (folder) => {
    expect(built()).toBe('one');
    await copy(folder);
  });
  expect(fs.readFileSync(path.join(begun, 'main.js'), 'utf8')).toBe('one');
});

test('removes a build a day after it was the newest', async () => {
  await build();
  const first = fs.realpathSync(path.join(root, 'dist'));
  const before = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
  fs.utimesSync(first, before(48), before(48));
  write('two');
  await build();
  expect(fs.existsSync(first)).toBe(true); // it was the newest until just now
  fs.utimesSync(first, before(25), before(25));
  await build();
  expect(fs.existsSync(first)).toBe(false);
  expect(built()).toBe('two');
});

test('a build that fails changes nothing and leaves nothing', async () => {
  await build();
  write('two');
  await expect(build(() => Promise.reject(new Error('a fault in it')))).rejects.toThrow('a fault in it');
  expect(built()).toBe('one');
  expect(fs.readdirSync(path.join(root, '.dist'))).toHaveLength(1);
});

test('builds again when a source changes meanwhile', async () => {
  let rounds = 0;
  await build(async (folder) => {
    await copy(folder);
    rounds += 1;
    if (rounds === 1) write('two');
  });
  expect(rounds).toBe(2);
  expect(built()).toBe('two');
  expect(fs.readdirSync(path.join(root, '.dist'))).toHaveLength(1);
});

test('puts aside a folder that stands where the link belongs', async () => {
  fs.mkdirSync(path.join(root, 'dist'));
  fs.writeFileSync(path.join(root, 'dist/main.js'), 'of an older layout');
  await build();
  expect(built()).toBe('one');
});

test('of two commands at once one builds, the other one waits for it', async () => {
  const script = `
    import fs from 'node:fs';
    import path from 'node:path';
    import { buildOnce } from ${JSON.stringify(SCRIPT)};
    const root = ${JSON.stringify(root)};
    const make = async (folder) => {
      fs.appendFileSync(path.join(root, 'makers'), process.pid + '\\n');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      fs.copyFileSync(path.join(root, 'src/main.ts'), path.join(folder, 'main.js'));
    };
    // Both begin within what one of them needs to build, never before the other one can be seen.
    if (process.argv[1] === 'second') while (!fs.existsSync(path.join(root, 'makers'))) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log(await buildOnce({ root, sources: ['src'], wanted: /\\.ts$/, make }));
  `;
  const run = promisify(execFile);
  const answers = await Promise.all(
    ['first', 'second'].map((name) => run(process.execPath, ['--input-type=module', '-e', script, name], { timeout: 20_000 })),
  );
  expect(answers.map(({ stdout }) => stdout.trim())).toEqual(['true', 'false']);
  expect(fs.readFileSync(path.join(root, 'makers'), 'utf8').trim().split('\n')).toHaveLength(1);
  expect(built()).toBe('one');
});
