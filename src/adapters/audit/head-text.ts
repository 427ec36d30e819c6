import { Fault } from '../../domain/faults.ts';
import type { KeyStore } from '../../ports/signer.ts';
import type { HeadLines } from './heads.ts';

/** Newest lines of a text that is written whole each time, about 350 bytes each. */
const MOST_LINES = 100;
/** Writers that collide read again. */
const TRIES = 5;

/** Lines of one text that all processes of a node see, wherever they run; of many, the newest are kept. */
export const headText = (store: Pick<KeyStore, 'read' | 'write'>): HeadLines => ({
  read: async () => linesOf((await store.read())?.text),
  async add(line, first) {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const stored = await store.read();
      const lines = linesOf(stored?.text);
      const kept = lines.length < MOST_LINES ? lines : [...(await first(lines)), ...lines.slice(1 - MOST_LINES)];
      if (await store.write(`${[...new Set(kept), line].join('\n')}\n`, stored?.version)) return;
    }
    throw new Fault('KEYS_UNAVAILABLE', "the audit's heads could not be written: others write where they lie");
  },
});

const linesOf = (text = ''): readonly string[] => text.split('\n').filter((line) => line !== '');
