import { type ChildProcess, fork } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Order, ProcessSpec, Reply, Told } from './guardian-messages.ts';
import { withLock } from './lock.ts';
import { signal } from './process-identity.ts';
import { compiled } from './project.ts';
import { endLeftovers } from './leftovers.ts';

/** The process that owns all others; when this process dies, however it dies, the guardian ends everything. */
export interface Guardian {
  readonly pid: number;
  readonly stateDir: string;
  start(spec: ProcessSpec): Promise<number>;
  /** Runs a command to its end; throws with the end of its log when it fails. */
  run(spec: Omit<ProcessSpec, 'stop'>): Promise<void>;
  /** Answers when the process is gone. It is not started again by itself. */
  kill(key: string, signal: NodeJS.Signals, group?: boolean): Promise<void>;
  /** First port of a block that belongs to this stack; the guardian holds the first one itself. */
  claim(name: string): Promise<number>;
  /** Removes a folder at the end, after saving its content elsewhere when told where. */
  tidy(path: string, saveTo?: string): Promise<void>;
  tidied(path: string): Promise<void>;
  pids(): Readonly<Record<string, number>>;
  /** How a process ended, when it is not running. */
  ended(key: string): string | undefined;
  /** From now on the guardian outlives this process; it ends by SIGTERM. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

const tail = (file: string): string => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n').slice(-12).join('\n') : '');

/** The environment of what the playground runs: nothing of the user's leaks into it. */
export const minimalEnv = (dir: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '/usr/bin:/bin',
  HOME: dir,
  TMPDIR: path.join(dir, 'tmp'),
  ...more,
});

/**
 * For a Go program that keeps much: it collects what is dead when its heap has grown to five times what lives, or to this limit. As Go does it by itself (at twice) a control plane on two cores collects every
 * fifteen seconds under load, for a second each, and whatever runs meanwhile takes a third longer.
 */
export const WITH_ROOM = { GOGC: '400', GOMEMLIMIT: '1GiB' } as const;

/** Starts a guardian for a state folder, which removes it at the end when it is temporary; refuses when one is at work there, ends what a killed one left. */
export async function openGuardian(stateDir: string, temporary: boolean): Promise<Guardian> {
  fs.mkdirSync(stateDir, { recursive: true });
  return await withLock(
    path.join(stateDir, 'start.lock'),
    () => undefined,
    async () => {
      await endLeftovers(stateDir);
      return await connect(stateDir, temporary);
    },
  );
}

/** The guardians that end when this process does. */
const guardians = new Set<ChildProcess>();

/** Ends whatever this process has started, however far that has come; answers when all of it is gone. */
export async function endGuardians(): Promise<void> {
  const ends = [...guardians].map(async (child) => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    // As when this process dies, which a guardian can be told at any time.
    if (child.connected) child.disconnect();
    await gone;
  });
  await Promise.all(ends);
}

async function connect(stateDir: string, temporary: boolean): Promise<Guardian> {
  const out = fs.openSync(path.join(stateDir, 'guardian.log'), 'a');
  const child = fork(compiled('guardian.js'), [stateDir, ...(temporary ? ['--temporary'] : [])], {
    detached: true,
    stdio: ['ignore', out, out, 'ipc'],
    execArgv: [],
    env: minimalEnv(stateDir, { TMPDIR: '/tmp' }),
  });
  fs.closeSync(out);
  guardians.add(child);
  let told: Told = { pids: {}, ended: {} };
  let over = false;
  let next = 0;
  const waiting = new Map<number, { resolve: (value: number | string | undefined) => void; reject: (fault: Error) => void }>();
  const settle = (): void => {
    if (waiting.size === 0) child.channel?.unref();
  };
  const ready = new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error(`the guardian did not start: ${tail(path.join(stateDir, 'guardian.log'))}`)));
    child.once('error', reject);
  });
  child.on('message', (message: Reply | Told) => {
    if ('pids' in message) {
      told = message;
      return;
    }
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    settle();
    if (message.fault === undefined) asked?.resolve(message.value);
    else asked?.reject(new Error(message.fault));
  });
  child.once('exit', () => {
    guardians.delete(child);
    if (!over) for (const pid of Object.values(told.pids)) signal(-pid, 'SIGKILL');
    for (const { reject } of waiting.values()) reject(new Error('the guardian is gone'));
    waiting.clear();
  });
  const ask = (order: Order): Promise<number | string | undefined> =>
    new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(new Error('the guardian is gone'));
        return;
      }
      const id = ++next;
      waiting.set(id, { resolve, reject });
      child.channel?.ref();
      child.send({ id, order });
    });
  await ready;
  child.unref();
  settle();
  return {
    pid: child.pid ?? 0,
    stateDir,
    start: async (spec) => Number(await ask({ do: 'start', spec })),
    async run(spec) {
      const how = await ask({ do: 'run', spec: { ...spec, stop: 'SIGKILL' } });
      if (how) throw new Error(`${spec.key} failed (${how}): ${tail(spec.log)}`);
    },
    kill: async (key, name, group = false) => void (await ask({ do: 'kill', key, signal: name, group })),
    claim: async (name) => Number(await ask({ do: 'claim', name })),
    tidy: async (dir, saveTo) => void (await ask({ do: 'tidy', path: dir, ...(saveTo === undefined ? {} : { saveTo }) })),
    tidied: async (dir) => void (await ask({ do: 'tidied', path: dir })),
    pids: () => told.pids,
    ended: (key) => told.ended[key],
    async release() {
      await ask({ do: 'release' });
      over = true;
      guardians.delete(child);
      child.disconnect();
    },
    async stop() {
      if (over) return;
      over = true;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.ref();
      await ask({ do: 'stop' });
      await gone;
    },
  };
}
