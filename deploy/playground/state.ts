import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Guardian, openGuardian } from './guardian-client.ts';
import { compiled } from './project.ts';

/**
 * A guardian for a state folder. Without a folder it works in a temporary one that is gone when it ends. The folder can be walked through by others
 * (0711), since as root Postgres runs as another user; what is in it cannot be listed.
 */
export async function openState(stateDir: string | undefined): Promise<Guardian> {
  compiled('guardian.js'); // before anything is made
  const dir = stateDir === undefined ? fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-')) : path.resolve(stateDir);
  fs.mkdirSync(dir, { recursive: true });
  fs.chmodSync(dir, 0o711);
  return await openGuardian(dir, stateDir === undefined);
}

/** Starts one thing with a guardian of its own, and ends both together. */
export async function alone<T extends object>(
  stateDir: string | undefined,
  start: (guardian: Guardian) => Promise<T>,
): Promise<T & { stop(): Promise<void> }> {
  const guardian = await openState(stateDir);
  try {
    return { ...(await start(guardian)), stop: () => guardian.stop() };
  } catch (fault) {
    await guardian.stop();
    throw fault;
  }
}

/** Does something that needs a guardian for a moment. */
export async function withGuardian<T>(work: (guardian: Guardian) => Promise<T>): Promise<T> {
  const guardian = await openState(undefined);
  try {
    return await work(guardian);
  } finally {
    await guardian.stop();
  }
}
