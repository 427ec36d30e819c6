import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { compiled } from '../../deploy/playground/project.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { processesOf } from './observed.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'playground-test-'));
let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  fs.rmSync(dir, { recursive: true, force: true });
});

const demo = path.resolve(path.dirname(compiled('stack.js')), '../demo/main.js');

/** A program that starts a stack in `stateDir` and goes on for ever, telling its lines. */
function program(stateDir: string, options: string): { child: ChildProcess; said: () => string } {
  const script = `
    import { openStack } from ${JSON.stringify(compiled('stack.js'))};
    const stack = await openStack({ stateDir: ${JSON.stringify(stateDir)}, progress: console.log, ${options} });
    console.log('everything runs');
    setInterval(() => {}, 1000);`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  started.stdout?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return { child: started, said: () => text };
}

const ONE = `clusters: [{ name: 'lonely', nodes: [{ name: 'lonely-1', cpu: '1', memory: '1Gi' }] }]`;

test.each(['SIGKILL', 'SIGINT'] as const)('%s of the parent leaves no process', async (signal) => {
  const stateDir = path.join(dir, signal);
  const parent = program(stateDir, ONE);
  child = parent.child;
  await waitFor(
    'the stack of a child',
    300,
    () => parent.said().includes('everything runs'),
    () => (parent.child.exitCode === null ? undefined : 'it ended'),
  );
  expect(processesOf(stateDir).length).toBeGreaterThanOrEqual(8);
  child.kill(signal);
  await waitFor('the end of all processes', 30, () => processesOf(stateDir).length === 0);
});

test('a parent that is killed while the stack starts leaves no process', async () => {
  const stateDir = path.join(dir, 'early');
  const parent = program(stateDir, ONE);
  child = parent.child;
  await waitFor('Kubernetes starting', 300, () => fs.existsSync(path.join(stateDir, 'clusters/lonely/logs/kubernetes.log')));
  child.kill('SIGKILL');
  await waitFor('the end of all processes', 30, () => processesOf(stateDir).length === 0);
});

test('a guardian that is itself killed takes its stack along, through its parent', async () => {
  const stateDir = path.join(dir, 'guardian');
  const parent = program(stateDir, 'clusters: [], postgres: false');
  child = parent.child;
  await waitFor('the stack of a child', 60, () => parent.said().includes('everything runs'));
  const { guardian } = JSON.parse(fs.readFileSync(path.join(stateDir, 'processes.json'), 'utf8')) as { guardian: { pid: number } };
  process.kill(guardian.pid, 'SIGKILL');
  await waitFor('the end of all processes', 30, () => processesOf(stateDir).every((pid) => pid === parent.child.pid));
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a demo that starts with one sentence, code %i and no process', async (signal, code) => {
  const temporary = path.join(dir, `demo-${signal}`);
  fs.mkdirSync(temporary, { recursive: true });
  fs.chmodSync(dir, 0o711); // as root, Postgres runs as another user
  child = spawn(process.execPath, [demo, '--only', 'b'], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: temporary } });
  let [said, complaint] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (part: string) => (said += part));
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (complaint += part));
  await waitFor(
    'Postgres, and clusters that start',
    120,
    () => said.includes('Postgres: ready'),
    () => (child?.exitCode === null ? undefined : complaint),
  );
  expect(said).toContain("Liqo's webhooks and virtual kubelets listen on all addresses");
  const [state = ''] = fs.readdirSync(temporary).map((name) => path.join(temporary, name));
  const started = processesOf(state);
  expect(started.length).toBeGreaterThan(3);
  const ended = once(child, 'exit');
  const before = said;
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(processesOf(state)).toEqual([]);
  expect([complaint, fs.readdirSync(temporary)]).toEqual([`\n${signal}: everything that was started is ended.\n`, []]);
  expect(said.slice(before.length).split('\n').length).toBeLessThan(5);
});
