import { setTimeout as pause } from 'node:timers/promises';
import { isFault } from '../domain/faults.ts';
import type { StockLog } from './stock.ts';
import { underWay } from './under-way.ts';

const AGAIN_MS = 1_000;
/** What `/readyz` shows of those that are not on sale. */
const LONGEST_WORDS = 2_000;

/** One of which something is not on sale: all of it, or one hosting policy. */
export interface Unsold {
  readonly name: string;
  readonly policy?: string;
  readonly why: string;
}
const wordsOf = ({ name, policy, why }: Unsold): string => `${name}${policy === undefined ? '' : ` as ${policy}`}: ${why}`;

/** One that may be sold. */
interface Good {
  readonly name: string;
  /** Changes with all that is published of it. */
  readonly text: string;
  readonly publish: () => Promise<void>;
}

/** What was published of each name, so that a change of one costs the others nothing. */
type Published = Map<string, string>;

/** Publishes those that changed; `withdraw` takes off sale what is none of these names. Answers which could not be published, and why. */
export async function publishChanged(input: {
  readonly good: readonly Good[];
  readonly published: Published;
  readonly withdraw: (kept: ReadonlySet<string>) => Promise<void>;
}): Promise<readonly Unsold[]> {
  const { good, published, withdraw } = input;
  const kept = new Set(good.map(({ name }) => name));
  for (const name of published.keys()) if (!kept.has(name)) published.delete(name);
  await withdraw(kept);
  const wrong: Unsold[] = [];
  for (const { name, text, publish } of good) {
    if (published.get(name) === text) continue;
    try {
      await publish();
      published.set(name, text);
    } catch (error) {
      if (!isFault(error) || error.code === 'STORE_UNAVAILABLE') throw error;
      wrong.push({ name, why: error.message });
    }
  }
  return wrong;
}

/**
 * For as long as the process runs, and it is the one that watches, what is written into a namespace of our cluster is published. What is not on sale is named in the log and at `/readyz`, with the reason. When the store
 * is away it begins anew, with the present state.
 */
export async function followWritten<T extends { readonly installed: boolean }>(input: {
  /** As the resources are called, `Flavor resources`. */
  readonly what: string;
  readonly namespace: string;
  readonly watch: (namespace: string, sink: (written: T) => Promise<undefined>, signal: AbortSignal) => Promise<void>;
  readonly count: (written: T) => number;
  readonly publish: (written: T, published: Published) => Promise<readonly Unsold[]>;
  readonly say: (words: string) => void;
  readonly log: StockLog;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { what, namespace, watch, count, publish, say, log, signal } = input;
  let said = '';
  while (!signal.aborted) {
    const published: Published = new Map();
    const looks = underWay(async (written: T): Promise<undefined> => {
      const wrong = (await publish(written, published)).map(wordsOf);
      const found = written.installed ? `${count(written)} ${what} in namespace ${namespace}` : `${what} are not installed in the cluster`;
      const words = wrong.length === 0 ? found : `${found}; not on sale: ${wrong.join('; ')}`.slice(0, LONGEST_WORDS);
      if (words !== said) log[wrong.length === 0 ? 'info' : 'error']({ namespace, wrong }, words);
      said = words;
      say(words);
    });
    try {
      await watch(namespace, looks.sink, signal);
    } catch (error) {
      if (signal.aborted) return await looks.over();
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ why, code: isFault(error) ? error.code : undefined }, `reading ${what} was interrupted; beginning again`);
    }
    await looks.over();
    if (!signal.aborted) await pause(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
}
