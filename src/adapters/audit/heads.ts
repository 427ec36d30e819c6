import type { Head } from '../../domain/audit.ts';
import type { Heads } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signer.ts';
import { readHead, writeHead } from './head.ts';

/** Where lines are kept, the oldest first; of more than can be kept, the oldest go. Fault: KEYS_UNAVAILABLE. */
export interface HeadLines {
  read(): Promise<readonly string[]>;
  /** `first` picks the lines that stay whatever goes. */
  add(line: string, first: (lines: readonly string[]) => Promise<readonly string[]>): Promise<void>;
}

/** Told each head that is signed: a log that leaves the machine is where nobody here can take it back. */
type HeadLog = (facts: { readonly head: string; readonly seq: number }, words: string) => void;

/** Heads that this node signs, kept as lines outside the database. */
export function signedHeads(input: {
  readonly lines: HeadLines;
  readonly signer: Pick<Signer, 'did' | 'sign' | 'published'>;
  readonly clock: Clock;
  readonly log: HeadLog;
}): Heads {
  const { lines, signer, clock, log } = input;
  /** Lines whose signature was looked at: thousands each few seconds would keep a core busy. */
  let known = new Map<string, Head>();
  const read = async (written: readonly string[]) => {
    const kids = new Set((await signer.published()).map(({ kid }) => kid));
    const heads = await Promise.all(
      written.map(async (line) => {
        const head = known.get(line);
        return head && kids.has(head.kid) ? head : await readHead(line, signer);
      }),
    );
    known = new Map(written.flatMap((line, n) => (typeof heads[n] === 'object' ? [[line, heads[n]] as const] : [])));
    return heads;
  };
  /** Who does not find the head of the beginning takes the rest for what is left of more. */
  const first = async (written: readonly string[]): Promise<readonly string[]> => {
    const heads = await read(written);
    return written.filter((_, n) => {
      const head = heads[n];
      return typeof head === 'object' && head.seq === 0;
    });
  };
  return {
    async list() {
      const all = await read(await lines.read());
      const [key] = await signer.published();
      const withdrawn = all.filter((head) => head === 'withdrawn').length;
      return {
        heads: all.filter((head): head is Head => typeof head === 'object').toSorted((a, b) => a.seq - b.seq),
        unreadable: withdrawn + all.filter((head) => head === 'unreadable').length,
        withdrawn,
        forged: all.filter((head) => head === 'forged').length,
        kid: key?.kid ?? '',
      };
    },
    async append({ seq, hash }) {
      const head = await writeHead({ seq, hash, at: new Date(clock.now()).toISOString() }, signer);
      await lines.add(head, first);
      log({ head, seq }, 'audit sealed');
    },
  };
}
