import { type FSWatcher, lstatSync, watch } from 'node:fs';
import path from 'node:path';

/** The words that are logged with; pino's logger fits. */
export interface FilesLog {
  info(facts: object, words: string): void;
  warn(facts: object, words: string): void;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Calls `changed` when something happens in the folders of these files, one call at a time, and once more when something happened meanwhile. Folders, since editors, certbot
 * and Kubernetes replace files (or a link above them) instead of writing into them; of a folder that is a link the one that it lies in, too.
 */
function watchFiles(files: readonly string[], changed: () => Promise<void>, log: FilesLog, signal: AbortSignal): void {
  if (signal.aborted) return;
  let runs = false;
  let again = false;
  const look = async (): Promise<void> => {
    again = true;
    if (runs) return;
    runs = true;
    while (again && !signal.aborted) {
      again = false;
      await changed();
    }
    runs = false;
  };
  const unwatched = (error: unknown, folder: string): void =>
    log.warn({ folder, why: wordsOf(error) }, 'the folder cannot be watched: its files are not read again');
  const watchers: FSWatcher[] = [];
  const folders = files.flatMap((file) => {
    const folder = path.dirname(path.resolve(file));
    return lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() ? [folder, path.dirname(folder)] : [folder];
  });
  for (const folder of new Set(folders)) {
    try {
      const watcher = watch(folder, { persistent: false }, () => void look());
      watcher.on('error', (error) => unwatched(error, folder));
      watchers.push(watcher);
    } catch (error) {
      unwatched(error, folder);
    }
  }
  signal.addEventListener('abort', () => watchers.forEach((watcher) => watcher.close()), { once: true });
}

/**
 * What stands in files, now and whenever they change. What cannot be used (it may be half written) leaves what was read before it, and is told; only at the first look it throws what
 * `read` throws.
 */
export async function followFiles<T>(input: {
  /** As the configuration names it. */
  readonly what: string;
  readonly files: readonly string[];
  readonly read: () => Promise<T>;
  /** Told of every change that can be used; may throw why it cannot. */
  readonly changed?: (now: T) => void;
  /** Told when they cannot be used any more, and with `undefined` when they can again. */
  readonly troubled: (why: string | undefined) => void;
  readonly log: FilesLog;
  readonly signal: AbortSignal;
}): Promise<{ now(): T }> {
  const { what, files, read, changed, troubled, log, signal } = input;
  let now = await read();
  let inTrouble = false;
  const look = async (): Promise<void> => {
    try {
      const next = await read();
      if (JSON.stringify(next) !== JSON.stringify(now)) {
        changed?.(next);
        now = next;
        log.info({ what, files }, 'files were read again');
      }
      if (inTrouble) troubled(undefined);
      inTrouble = false;
    } catch (error) {
      const why = wordsOf(error);
      if (!inTrouble) log.warn({ what, files, why }, 'files cannot be used: what was read before stays');
      inTrouble = true;
      troubled(`${why}; what was read before it still counts`);
    }
  };
  watchFiles(files, look, log, signal);
  // What was written between the first look and the watch.
  await look();
  return { now: () => now };
}
