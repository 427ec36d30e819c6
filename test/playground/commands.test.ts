import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { compiled } from '../../deploy/playground/project.ts';
import { processesOf } from './observed.ts';

const run = promisify(execFile);
const stateDir = fs.mkdtempSync(path.join(os.tmpdir(), 'playground-test-'));
const playground = async (verb: string): Promise<string> => {
  const { stdout } = await run(process.execPath, [compiled('main.js'), verb], { env: { ...process.env, REARGUARD_STATE: stateDir } });
  return stdout;
};
afterAll(async () => {
  await playground('down');
  fs.rmSync(stateDir, { recursive: true, force: true });
});

test('up returns while three clusters stay, status shows how to reach them, down leaves nothing', async () => {
  await playground('up');
  const status = await playground('status');
  for (const name of ['south', 'north', 'west']) {
    const kubeconfig = new RegExp(`^${name} .*KUBECONFIG=(\\S+)$`, 'm').exec(status)?.[1] ?? '';
    expect(fs.readFileSync(kubeconfig, 'utf8')).toContain('https://127.0.0.1:');
    expect(status).toContain(`${name}/liqo-controller-manager`);
  }
  expect(status).toMatch(/^temporal +127\.0\.0\.1:\d+ +http:\/\/127\.0\.0\.1:\d+$/m);
  expect(status).toMatch(/^postgres +postgres:\/\/postgres:\S+@127\.0\.0\.1:\d+\/postgres$/m);
  expect(processesOf(stateDir).length).toBeGreaterThan(20);
  expect(await playground('down')).toContain('down');
  expect(processesOf(stateDir)).toEqual([]);
  expect(await playground('down')).toContain('no playground runs');
});
