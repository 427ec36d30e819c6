// The guardian: a process of its own that starts everything else, and ends everything when its parent dies, is killed, or says so.
// usage: node guardian.js STATE_DIR [--temporary], with an IPC channel to the parent
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Order, ProcessSpec, ProcessTable, Reply, Request, Told } from './guardian-messages.ts';
import { moveFolder } from './move-folder.ts';
import { claimBlock } from './ports.ts';
import { identityOf, signal } from './process-identity.ts';
import { waitFor } from './wait.ts';

interface Kept {
  readonly spec: ProcessSpec;
  child: ChildProcess | undefined;
  start: string;
  startedAt: number;
  failures: number;
  again: NodeJS.Timeout | undefined;
  wanted: boolean;
}

/** How long a process may take to end in good order before it is killed, in seconds. */
const GRACE = 8;
const stateDir = path.resolve(process.argv[2] ?? '.');
const me = identityOf(process.pid);
const kept = new Map<string, Kept>();
const ended: Record<string, string> = {};
/** Groups whose leader is gone while others of it still run: virtual kubelets of a killed runner. */
const orphaned = new Set<number>();
const temporary = process.argv[3] === '--temporary';
const tidy = new Map<string, string | undefined>(temporary ? [[stateDir, undefined]] : []);
let stopping: Promise<void> | undefined;
let released = false;
/** Whether nobody waits for an end in good order: what SIGTERM would let put its things away has nothing to keep. Postgres has: memory of the system's. */
let hurried = false;

const write = (file: string, value: unknown): void => {
  const target = path.join(stateDir, file);
  fs.writeFileSync(`${target}.part`, JSON.stringify(value));
  fs.renameSync(`${target}.part`, target);
};

function tell(): void {
  if (!fs.existsSync(stateDir)) return;
  const running = [...kept].flatMap(([key, { child, start }]) => (child?.pid ? [[key, { pid: child.pid, start }] as const] : []));
  write('processes.json', { guardian: me, processes: Object.fromEntries(running), ending: stopping !== undefined } satisfies ProcessTable);
  if (process.connected) process.send?.({ pids: Object.fromEntries(running.map(([key, { pid }]) => [key, pid])), ended } satisfies Told);
}

function launch(entry: Kept): ChildProcess {
  const { spec } = entry;
  fs.mkdirSync(path.dirname(spec.log), { recursive: true });
  const out = fs.openSync(spec.log, 'a');
  const { uid, gid, cwd } = spec;
  const child = spawn(spec.command, [...spec.args], {
    detached: true,
    stdio: ['ignore', out, out],
    env: { ...spec.env },
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  fs.closeSync(out);
  Object.assign(entry, { child, startedAt: Date.now(), start: child.pid ? identityOf(child.pid).start : '' });
  delete ended[spec.key];
  const over = (how: string): void => {
    if (entry.child !== child) return;
    entry.child = undefined;
    ended[spec.key] = how;
    if (child.pid && signal(-child.pid, 0)) orphaned.add(child.pid);
    if (entry.wanted && spec.restart && !stopping) {
      entry.failures = Date.now() - entry.startedAt > 60_000 ? 0 : entry.failures + 1;
      entry.again = setTimeout(() => void (launch(entry), tell()), Math.min(250 * 2 ** entry.failures, 10_000));
    }
    tell();
  };
  child.once('error', (fault) => over(fault.message));
  child.once('exit', (code, by) => over(by ? `ended by ${by}` : `ended with code ${code}`));
  return child;
}

async function start(spec: ProcessSpec): Promise<number> {
  if (stopping) throw new Error('the stack is stopping');
  if (kept.get(spec.key)?.child) throw new Error(`${spec.key} runs already`);
  clearTimeout(kept.get(spec.key)?.again);
  const entry: Kept = { spec, child: undefined, start: '', startedAt: 0, failures: 0, again: undefined, wanted: true };
  kept.set(spec.key, entry);
  const child = launch(entry);
  tell();
  if (child.pid === undefined)
    throw new Error(await new Promise<string>((resolve) => child.once('error', (fault) => resolve(fault.message))));
  return child.pid;
}

/** Runs a command to its end: 0, or how it ended. */
async function run(spec: ProcessSpec): Promise<string> {
  await start(spec);
  const child = kept.get(spec.key)?.child;
  if (child) await new Promise((resolve) => child.once('exit', resolve));
  kept.delete(spec.key);
  return ended[spec.key] === 'ended with code 0' ? '' : (ended[spec.key] ?? 'ended');
}

async function kill(key: string, name: NodeJS.Signals, group: boolean): Promise<void> {
  const entry = kept.get(key);
  if (!entry) return;
  entry.wanted = false;
  clearTimeout(entry.again);
  const { child } = entry;
  if (group) for (const leader of orphaned) if (signal(-leader, 0)) signal(-leader, name);
  if (!child?.pid) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  signal(group ? -child.pid : child.pid, name);
  await gone;
}

async function endEverything(): Promise<void> {
  for (const entry of kept.values()) {
    clearTimeout(entry.again);
    if (!entry.child?.pid) continue;
    const how = hurried && entry.spec.stop === 'SIGTERM' ? 'SIGKILL' : entry.spec.stop;
    signal(how === 'SIGKILL' ? -entry.child.pid : entry.child.pid, how);
  }
  const running = (): Kept[] => [...kept.values()].filter(({ child }) => child);
  await waitFor('the end of all processes', GRACE, () => running().length === 0).catch(() => undefined);
  for (const { child } of running()) if (child?.pid) orphaned.add(child.pid);
  for (const leader of orphaned) signal(-leader, 'SIGKILL');
  await waitFor(
    'the end of all process groups',
    GRACE,
    () => running().length === 0 && [...orphaned].every((leader) => !signal(-leader, 0)),
  ).catch(() => undefined);
  for (const [from, saveTo] of tidy) {
    try {
      // a state folder that somebody removed meanwhile wants nothing back
      if (saveTo && fs.existsSync(from) && fs.existsSync(path.dirname(saveTo))) moveFolder(from, saveTo);
      fs.rmSync(from, { recursive: true, force: true, maxRetries: 5 });
    } catch (fault) {
      fs.writeSync(2, `${from} could not be removed: ${String(fault)}\n`);
    }
  }
  fs.rmSync(path.join(stateDir, 'processes.json'), { force: true });
}

function stop(): Promise<void> {
  if (!stopping) {
    stopping = endEverything();
    tell();
  }
  return stopping;
}

/** Blocks of ports by name, kept over restarts of the same state folder. */
async function claim(name: string): Promise<number> {
  const file = path.join(stateDir, 'ports.json');
  const known = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, number>) : {};
  const { base } = await claimBlock(known[name]);
  write('ports.json', { ...known, [name]: base });
  return base;
}

async function obey(order: Order): Promise<number | string | undefined> {
  switch (order.do) {
    case 'start':
      return await start(order.spec);
    case 'run':
      return await run(order.spec);
    case 'kill':
      return void (await kill(order.key, order.signal, order.group));
    case 'claim':
      return await claim(order.name);
    case 'tidy':
      return void tidy.set(order.path, order.saveTo);
    case 'tidied':
      return void tidy.delete(order.path);
    case 'release':
      released = true;
      return undefined;
    case 'stop':
      return void (await stop());
  }
}

const leave = (code: number): void => void stop().finally(() => process.exit(code));

// one claim at a time: it reads and writes a file
let claims: Promise<unknown> = Promise.resolve();
process.on('message', ({ id, order }: Request) => {
  const work = order.do === 'claim' ? claims.then(() => obey(order)) : obey(order);
  if (order.do === 'claim') claims = work.catch(() => undefined);
  void work
    .then(
      (value): Reply => ({ id, ...(value === undefined ? {} : { value }) }),
      (fault: unknown): Reply => ({ id, fault: fault instanceof Error ? fault.message : String(fault) }),
    )
    .then((reply) => {
      if (!process.connected) return;
      process.send?.(reply, () => {
        if (order.do === 'stop') process.exit(0);
      });
    });
});
process.on('disconnect', () => {
  if (released) return;
  hurried = temporary;
  leave(0);
});
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => leave(0));
process.on('uncaughtException', (fault) => {
  fs.writeSync(2, `${fault.stack ?? fault}\n`);
  leave(1);
});
tell();
