import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compiled } from '../../deploy/playground/project.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { processesOf } from './observed.ts';

let dir: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'playground-test-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
});

interface Starter {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly done: Promise<number | null>;
}

/** A program of its own that does something with a cache in `dir`. */
function starter(name: string, work: string, env: Readonly<Record<string, string>> = {}): Starter {
  const script = `
    import { openState } from ${JSON.stringify(compiled('state.js'))};
    import { built } from ${JSON.stringify(compiled('build.js'))};
    import { fetchPinned } from ${JSON.stringify(compiled('fetch.js'))};
    import { TEMPORAL } from ${JSON.stringify(compiled('pins.js'))};
    const guardian = await openState(${JSON.stringify(path.join(dir, name))});
    const progress = console.log;
    try { console.log('made', ${work}); } catch (fault) { console.log('fault', fault.message); }
    await guardian.stop();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, REARGUARD_CACHE: path.join(dir, 'cache'), ...env },
  });
  children.push(child);
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return { child, said: () => text, done: new Promise((resolve) => child.once('exit', resolve)) };
}

/** Everything in the cache, folders of what is being made included. */
const cacheOf = (kind: string): readonly string[] => {
  const folder = path.join(dir, 'cache', kind);
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
};

const BUILD = `await built('kwok', { guardian, progress })`;

test('two starts at once build once, and both get it', async () => {
  const starters = [starter('one', BUILD), starter('two', BUILD)];
  await Promise.all(starters.map(({ done }) => done));
  const said = starters.map((each) => each.said());
  expect(said.filter((text) => text.includes('building, once'))).toHaveLength(1);
  expect(said.filter((text) => text.includes('waiting for process'))).toHaveLength(1);
  const [folder] = cacheOf('built');
  expect(cacheOf('built')).toHaveLength(1);
  for (const text of said) expect(text).toContain(`made ${path.join(dir, 'cache/built', folder ?? '')}`);
  expect(fs.readFileSync(path.join(dir, 'cache/built', folder ?? '', 'kwok.yaml'), 'utf8')).toContain('kind: Stage');
});

test('a build whose starter is killed leaves no half file and no compiler, and the next start builds', async () => {
  const killed = starter('killed', BUILD);
  await waitFor(
    'the compiler',
    60,
    () => fs.existsSync(path.join(dir, 'killed/logs/build-kwok.log')) && cacheOf('built').some((name) => name.includes('.part-')),
  );
  killed.child.kill('SIGKILL');
  await waitFor('the end of all processes', 30, () => processesOf(dir).length === 0);
  expect(cacheOf('built').filter((name) => !name.endsWith('.lock'))).toEqual([]);
  const next = starter('next', BUILD);
  await next.done;
  expect(next.said()).toContain('made ');
  expect(cacheOf('built').filter((name) => name.includes('.part-') || name.endsWith('.lock'))).toEqual([]);
});

/** A pip that does as told: the real one cannot be made to stop half way, or to bring something else. */
function pip(script: string): Readonly<Record<string, string>> {
  const bin = path.join(dir, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  for (const name of ['pip', 'pip3'])
    fs.writeFileSync(
      path.join(bin, name),
      `#!/bin/sh\nfor last; do [ "$previous" = -d ] && into=$last; previous=$last; done\nmkdir -p "$into"\n${script}\n`,
      { mode: 0o755 },
    );
  return { PATH: `${bin}:${process.env['PATH']}` };
}

const FETCH = `await fetchPinned(TEMPORAL, { guardian, progress })`;

test('a download that is interrupted leaves no half file', async () => {
  const killed = starter('killed', FETCH, pip('echo half > "$into/half.whl"; exec tail -f /dev/null'));
  await waitFor('half a download', 60, () =>
    cacheOf('fetched').some((name) => fs.existsSync(path.join(dir, 'cache/fetched', name, 'wheel/half.whl'))),
  );
  killed.child.kill('SIGKILL');
  await waitFor('the end of all processes', 30, () => processesOf(dir).length === 0);
  expect(cacheOf('fetched').filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

test('something else than what is pinned is not kept', async () => {
  const refused = starter('refused', FETCH, pip('echo else > "$into/other.whl"'));
  await refused.done;
  expect(refused.said()).toMatch(/fault .*other\.whl has sha256 \w+, expected \w+: not used/);
  expect(cacheOf('fetched')).toEqual([]);
});
