import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Guardian } from './guardian-client.ts';
import { withLock } from './lock.ts';

/** Where binaries are kept, shared by all clones of this user: REARGUARD_CACHE, else `~/.cache/rearguard`. */
const cacheDir = (): string => path.resolve(process.env['REARGUARD_CACHE'] || path.join(os.homedir(), '.cache/rearguard'));

export interface CacheOptions {
  readonly guardian: Guardian;
  readonly progress: (line: string) => void;
}

/**
 * A folder of the cache, made by `make` when it is not there yet. It appears whole or not at all: `make` fills a folder of another name, which is
 * renamed at the end, and which the guardian removes when this process is killed.
 */
export async function cached(entry: string, { guardian, progress }: CacheOptions, make: (part: string) => Promise<void>): Promise<string> {
  const dir = path.join(cacheDir(), entry);
  if (fs.existsSync(dir)) return dir;
  await withLock(
    `${dir}.lock`,
    (pid) => progress(`${entry}: waiting for process ${pid}, which is making it`),
    async () => {
      if (fs.existsSync(dir)) return;
      for (const name of fs.readdirSync(path.dirname(dir)))
        if (name.startsWith(`${path.basename(dir)}.part-`)) fs.rmSync(path.join(path.dirname(dir), name), { recursive: true, force: true });
      const part = `${dir}.part-${randomUUID()}`;
      fs.mkdirSync(part, { recursive: true });
      await guardian.tidy(part);
      try {
        await make(part);
        fs.renameSync(part, dir);
      } finally {
        fs.rmSync(part, { recursive: true, force: true });
        await guardian.tidied(part);
      }
    },
  );
  return dir;
}
