import { createHash, randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../domain/faults.ts';
import type { KeyStore } from '../../ports/signer.ts';

/** Whoever holds the lock needs milliseconds for it: older ones are of a process that crashed, ms. */
const LOCK_MS = 30_000;
/** How long a lock is waited for, and between two looks, ms. */
const WAIT_MS = 1_000;
const LOOK_MS = 20;

/** Keys in a file that its owner alone may read (mode 0600). Written whole or not at all; for the processes of one machine. */
export function fileKeyStore(file: string): KeyStore {
  const failed = (doing: string, error: unknown): Fault => {
    if (error instanceof Fault) return error;
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return new Fault('KEYS_UNAVAILABLE', `${doing} ${file}: ${why}`, { file });
  };
  const read: KeyStore['read'] = async () => {
    try {
      const text = await readFile(file, 'utf8');
      const { mode } = await stat(file);
      if ((mode & 0o077) !== 0)
        throw new Fault('KEYS_UNAVAILABLE', `${file} may be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it`, { file });
      return { text, version: createHash('sha256').update(text).digest('hex') };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw failed('reading the keys in', error);
    }
  };
  return {
    read,
    async glance() {
      try {
        // Each writing makes another file of that name; its time of change tells apart what has the number of one that is gone.
        const { ino, mtimeNs, ctimeNs, size } = await stat(file, { bigint: true });
        return [ino, mtimeNs, ctimeNs, size].join(' ');
      } catch {
        // Reading it says why.
        return 'unreadable';
      }
    },
    async write(text, over) {
      const made = `${file}.${randomUUID()}`;
      const lock = `${file}.lock`;
      try {
        await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
        const handle = await open(made, 'wx', 0o600);
        try {
          await handle.writeFile(text);
          await handle.sync();
        } finally {
          await handle.close();
        }
        if (over === undefined) return await placed(made, file);
        await locked(made, lock);
        try {
          if ((await read())?.version !== over) return false;
          await rename(made, file);
          return true;
        } finally {
          await rm(lock, { force: true });
        }
      } catch (error) {
        throw failed('writing the keys in', error);
      } finally {
        await rm(made, { force: true }).catch(() => undefined);
      }
    },
  };
}

/** Takes the lock; one that a crash left is taken over. Fault: KEYS_UNAVAILABLE. */
async function locked(made: string, lock: string): Promise<void> {
  for (const until = performance.now() + WAIT_MS; performance.now() < until; await pause(LOOK_MS)) {
    if (await placed(made, lock)) return;
    const held = await found(lock);
    if (held && Date.now() - held.mtimeMs > LOCK_MS) await removed(lock, held.ino);
  }
  throw new Fault(
    'KEYS_UNAVAILABLE',
    `another process writes the keys, or crashed while it did: ${lock} is taken over when it is older than 30 s`,
    {
      file: lock,
    },
  );
}

/** Takes away that lock; when somebody was faster and holds a new one it is put back. */
async function removed(lock: string, ino: number): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  if ((await found(aside))?.ino !== ino) await placed(aside, lock);
  await rm(aside, { force: true });
}

async function found(file: string) {
  try {
    return await stat(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Gives a file a second name, which nobody had yet. */
async function placed(made: string, at: string): Promise<boolean> {
  try {
    await link(made, at);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
