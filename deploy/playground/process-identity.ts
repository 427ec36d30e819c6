import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

/** Whether a process runs; one that ended but was not yet collected by its parent counts as gone. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (fault) {
    return (fault as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    return !/^\d+ \(.*\) Z/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

/** When a process started, as the system tells it: with the pid it names one process for ever, since pids are used again. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return /^\d+ \(.*\) (.*)$/s.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]?.split(' ')[19];
  } catch {
    return undefined;
  }
}

/** A process as it is written to a file, to be recognised later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

export const identityOf = (pid: number): ProcessIdentity => ({ pid, start: startOf(pid) ?? '' });

export const stillRuns = ({ pid, start }: ProcessIdentity): boolean => alive(pid) && startOf(pid) === start;

/** Sends a signal to a process or, with a negative number, to a group; nothing there is no fault. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
