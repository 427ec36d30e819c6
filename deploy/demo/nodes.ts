import fs from 'node:fs';
import path from 'node:path';
import { type Guardian, minimalEnv } from '../playground/guardian-client.ts';
import { signal } from '../playground/process-identity.ts';
import { buildRoot } from '../playground/project.ts';
import { waitFor } from '../playground/wait.ts';
import { type NodePlace, writeConfiguration } from './configuration.ts';

/** A node's two processes. */
export const PROCESSES = ['serve', 'work'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** One node's processes, as its owner's machine runs them: real children, which can be killed at any instant. */
export interface NodeProcesses {
  readonly log: (process: ProcessName) => string;
  /** Both when none is named; answers when they are ready. */
  start(process?: ProcessName): Promise<void>;
  /** SIGKILL; answers when they are gone. */
  kill(process?: ProcessName): Promise<void>;
  /** SIGSTOP: it is there and does nothing, as on a machine that hangs. SIGKILL ends it all the same. */
  freeze(process: ProcessName): void;
  thaw(process: ProcessName): void;
}

/** The compiled command; Node 20 runs no TypeScript. */
const command = (): string => path.join(buildRoot(), 'src/runtime/main.js');
/** On two busy cores a worker needs 4 s to load the bundle. */
const READY_SECONDS = 60;

export function nodeProcesses(guardian: Guardian, place: NodePlace): NodeProcesses {
  const dir = path.join(guardian.stateDir, 'rearguard');
  const file = writeConfiguration(dir, place);
  const own = path.join(dir, place.name);
  fs.mkdirSync(path.join(own, 'tmp'), { recursive: true });
  const key = (process: ProcessName): string => `rearguard/${place.name}-${process}`;
  const log = (process: ProcessName): string => path.join(own, `${process}.log`);
  const send = (process: ProcessName, name: NodeJS.Signals): void => {
    const pid = guardian.pids()[key(process)];
    if (pid === undefined || !signal(pid, name)) throw new Error(`${place.name}: ${process} does not run`);
  };
  /** The end of what it wrote, for somebody who wonders why it does not come up. */
  const tail = (process: ProcessName): string =>
    fs.existsSync(log(process)) ? fs.readFileSync(log(process), 'utf8').trim().split('\n').slice(-15).join('\n') : '';
  const ready = async (process: ProcessName): Promise<void> => {
    const ended = (): string | undefined => {
      const how = guardian.ended(key(process));
      return how === undefined ? undefined : `${how}\n${tail(process)}`;
    };
    const url = `http://${process === 'serve' ? place.api : place.health}/readyz`;
    await waitFor(
      `${place.name}: rearguard ${process}`,
      READY_SECONDS,
      async () => {
        const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
        if (!answer.ok) throw new Error((await answer.text()).slice(0, 800));
        return true;
      },
      ended,
    );
  };
  const start = async (process: ProcessName): Promise<void> => {
    const args = [command(), process, '--config', file];
    await guardian.start({
      key: key(process),
      command: globalThis.process.execPath,
      args,
      env: minimalEnv(own),
      cwd: own,
      log: log(process),
      stop: 'SIGTERM',
    });
    await ready(process);
  };
  return {
    log,
    async start(process) {
      await Promise.all(PROCESSES.filter((name) => process === undefined || name === process).map(start));
    },
    async kill(process) {
      await Promise.all(
        PROCESSES.filter((name) => process === undefined || name === process).map((name) => guardian.kill(key(name), 'SIGKILL')),
      );
    },
    freeze: (process) => send(process, 'SIGSTOP'),
    thaw: (process) => send(process, 'SIGCONT'),
  };
}
