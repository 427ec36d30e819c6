import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { Fault } from '../../domain/faults.ts';
import type { HeadLines } from './heads.ts';

/** Bytes of a file after which the next one is begun, and the one before the last forgotten: about 3,000 heads. */
const MOST_BYTES = 1_048_576;

/** A file system that refuses it keeps the file as it is. */
const renamed = async (from: string, to: string): Promise<boolean> =>
  await rename(from, to).then(
    () => true,
    () => false,
  );

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown');

/**
 * Lines of a file (mode 0600), which is only ever appended to; after a mebibyte it is kept as `<file>.1`, and a new one begun. Where the file system is told to refuse all but appending
 * (`chattr +a`), it stays the same file.
 */
export function headFile(file: string): HeadLines {
  const failed = (doing: string, error: unknown): Fault =>
    error instanceof Fault ? error : new Fault('KEYS_UNAVAILABLE', `${doing} the audit's heads in ${file}: ${codeOf(error)}`, { file });

  const linesOf = async (name: string): Promise<readonly string[]> => {
    const text = await readFile(name, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw failed('reading', error);
    });
    return text.split('\n').filter((line) => line !== '');
  };
  const all = async (): Promise<readonly string[]> => [...(await linesOf(`${file}.1`)), ...(await linesOf(file))];
  /** In one write, so that lines of two processes do not mix; a line that a crash tore is ended first. */
  const append = async (lines: readonly string[]): Promise<void> => {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(file, 'a+', 0o600);
    try {
      const { size } = await handle.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await handle.read(last, 0, 1, size - 1);
      const torn = size > 0 && last.toString() !== '\n';
      await handle.write(`${torn ? '\n' : ''}${lines.join('\n')}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  };

  return {
    read: all,
    async add(line, first) {
      try {
        const { size } = await stat(file).catch(() => ({ size: 0 }));
        const kept = size < MOST_BYTES ? [] : await first(await all());
        const begun = size >= MOST_BYTES && (await renamed(file, `${file}.1`));
        await append(begun ? [...kept, line] : [line]);
      } catch (error) {
        throw failed('writing', error);
      }
    },
  };
}
