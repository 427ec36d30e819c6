import { createHash } from 'node:crypto';
import { networkOf } from '../../domain/forbidden-addresses.ts';

/** So many tokens that nobody has may come from one source in a window. A token of ours cannot be guessed; one that somebody thought up can. */
const MOST_FAILURES = 20;
const WINDOW_MS = 60_000;
/** Sources that are remembered; the oldest goes first, so that many of them fill no memory. */
const MOST_SOURCES = 10_000;
/** Tokens that opened something, by their SHA-256; those of an issuer change by the hour. */
const MOST_GOOD = 10_000;

/** Counts the failed attempts of each source: an IPv4 address, or an IPv6 network of 64 bits, which one owner has. */
export interface Attempts {
  /** How long this source has to wait until it is listened to again, in milliseconds; 0 when it need not. */
  waitMs(address: string): number;
  /** Nobody has that token, or no longer. */
  failed(address: string, token?: string): void;
  /** Somebody has that token. */
  passed(token: string): void;
  /** Whether somebody had that token when it was shown last: a source may be a proxy, behind which others try theirs. */
  isKnown(token: string): boolean;
}

export function countedAttempts(now: () => number): Attempts {
  const sources = new Map<string, { failures: number; readonly until: number }>();
  const good = new Set<string>();
  const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64');
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
    isKnown: (token) => good.has(digestOf(token)),
    passed(token) {
      const digest = digestOf(token);
      good.delete(digest);
      good.add(digest);
      const [oldest] = good;
      if (good.size > MOST_GOOD && oldest !== undefined) good.delete(oldest);
    },
    failed(address, token) {
      if (token !== undefined) good.delete(digestOf(token));
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
