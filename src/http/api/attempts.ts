import { networkOf } from '../../domain/forbidden-addresses.ts';

/** So many tokens that nobody has may come from one source in a window. A token of ours cannot be guessed; one that somebody thought up can. */
const MOST_FAILURES = 20;
const WINDOW_MS = 60_000;
/** Sources that are remembered; the oldest goes first, so that many of them fill no memory. */
const MOST_SOURCES = 10_000;

/** Counts the failed attempts of each source: an IPv4 address, or an IPv6 network of 64 bits, which one owner has. */
export interface Attempts {
  /** How long this source has to wait until it is listened to again, in milliseconds; 0 when it need not. */
  waitMs(address: string): number;
  failed(address: string): void;
}

export function countedAttempts(now: () => number): Attempts {
  const sources = new Map<string, { failures: number; readonly until: number }>();
  const living = (source: string): { failures: number; readonly until: number } | undefined => {
    const known = sources.get(source);
    if (known === undefined || known.until > now()) return known;
    sources.delete(source);
    return undefined;
  };
  return {
    waitMs(address) {
      const known = living(networkOf(address));
      return known && known.failures >= MOST_FAILURES ? known.until - now() : 0;
    },
    failed(address) {
      const source = networkOf(address);
      const known = living(source);
      if (known) known.failures += 1;
      else {
        sources.set(source, { failures: 1, until: now() + WINDOW_MS });
        const [oldest] = sources.keys();
        if (sources.size > MOST_SOURCES && oldest !== undefined) sources.delete(oldest);
      }
    },
  };
}
