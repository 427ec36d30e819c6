import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';

/**
 * Calls `changed` when something happens in the folders of these files, one call at a time, and once more when something happened meanwhile. Folders, since editors, certbot
 * and Kubernetes replace files (or a link above them) instead of writing into them. What is read may be half written: whoever reads keeps what it had, and hears of the rest.
 */
export function watchFiles(input: {
  readonly files: readonly string[];
  readonly changed: () => Promise<void>;
  readonly log: { warn(facts: object, words: string): void };
  readonly signal: AbortSignal;
}): void {
  const { files, changed, log, signal } = input;
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
  const told = (error: unknown, folder: string): void =>
    log.warn(
      { folder, why: error instanceof Error ? error.message : String(error) },
      'the folder cannot be watched: its files are not read again',
    );
  const watchers: FSWatcher[] = [];
  for (const folder of new Set(files.map((file) => path.dirname(path.resolve(file))))) {
    try {
      const watcher = watch(folder, { persistent: false }, () => void look().catch((error: unknown) => told(error, folder)));
      watcher.on('error', (error) => told(error, folder));
      watchers.push(watcher);
    } catch (error) {
      told(error, folder);
    }
  }
  signal.addEventListener('abort', () => watchers.forEach((watcher) => watcher.close()), { once: true });
}
