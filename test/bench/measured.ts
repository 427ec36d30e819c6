import type { Sql } from 'postgres';

/** One figure of the report; `p50` and `p99` are milliseconds of one operation, unless `unit` is a time itself. */
export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly p50: number;
  readonly p99: number;
  /** What else was learnt, by name; {@link Conditions} among it where a figure depends on them. */
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Under what a figure was taken. */
export interface Conditions {
  /** At the store, over connections to Postgres and without a server of ours, or at a node's HTTP. */
  readonly at: 'store' | 'http';
  /** Whether Postgres waited for the disk at each commit, by its own word. Temporal's dev server, of which the demo's nodes need one, does not. */
  readonly durable: boolean;
}

/** Asks Postgres itself: a database that somebody names in the environment is started by others. */
export async function conditions(at: Conditions['at'], sql: Sql): Promise<Conditions> {
  const [row] = await sql<{ fsync: string; commit: string }[]>`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`;
  return { at, durable: row?.fsync === 'on' && row.commit !== 'off' };
}

/** How a figure is taken; `quick` takes few samples: enough to see that the measure works, too few to quote. */
export interface Measuring {
  readonly quick: boolean;
  readonly say: (words: string) => void;
}

/** The value below which a share of the samples lies. */
export const percentile = (samples: readonly number[], share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

/** Does `work` for 0, 1, 2 … from so many sides at once until `until` says stop; answers the milliseconds that each took, and all together. */
export async function drive(options: {
  readonly sides: number;
  readonly until: (done: number) => boolean;
  readonly work: (n: number) => Promise<unknown>;
}): Promise<{ readonly samples: readonly number[]; readonly elapsedMs: number }> {
  const samples: number[] = [];
  const start = performance.now();
  let next = 0;
  const side = async () => {
    while (!options.until(samples.length)) {
      const from = performance.now();
      await options.work(next++);
      samples.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: options.sides }, side));
  return { samples, elapsedMs: performance.now() - start };
}
