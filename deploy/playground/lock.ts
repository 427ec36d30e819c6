import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { identityOf, type ProcessIdentity, stillRuns } from './process-identity.ts';
import { waitFor } from './wait.ts';

interface Holder extends ProcessIdentity {
  readonly token: string;
}

const read = (file: string): Holder | undefined => {
  try {
    return JSON.parse(fs.readlinkSync(file)) as Holder;
  } catch {
    return undefined;
  }
};

/** A symbolic link appears together with its content, so a lock never lacks its holder. */
function take(file: string, holder: Holder): boolean {
  try {
    fs.symlinkSync(JSON.stringify(holder), file);
    return true;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fault;
  }
}

/** Removes the lock of a dead holder. Whoever creates the file named after that holder may do it, nobody else, so a new holder's lock stays. */
function breakLock(file: string, dead: Holder): void {
  const right = `${file}.break-${dead.token}`;
  const me = { ...identityOf(process.pid), token: randomUUID() };
  if (!take(right, me)) {
    const other = read(right);
    if (other && !stillRuns(other)) fs.rmSync(right, { force: true });
    return;
  }
  if (read(file)?.token === dead.token) fs.rmSync(file, { force: true });
  fs.rmSync(right, { force: true });
}

/**
 * Runs `work` while no other process of this machine does, so that two starts build once. The lock of a holder that died is taken over.
 * `waiting` is told once, with the holder's pid. Waits for at most an hour, which is longer than the slowest build seen (450 s) by far.
 */
export async function withLock<T>(file: string, waiting: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const me = { ...identityOf(process.pid), token: randomUUID() };
  let told = false;
  await waitFor(`the lock ${file}`, 3600, () => {
    if (take(file, me)) return true;
    const holder = read(file);
    if (holder && !stillRuns(holder)) breakLock(file, holder);
    else if (holder && !told) {
      told = true;
      waiting(holder.pid);
    }
    return false;
  });
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}
