/** A burst may be ten times what a second may have: a buyer whose intents start together asks much at once. */
export const WINDOW_S = 10;
/** So many are counted at a time. Whoever takes a new name each time makes us forget those whose ten seconds end first: they may send more, and nobody is kept out by it. */
const MOST = 20_000;

/** Calls within one's ten seconds, as a store of hono-rate-limiter says it. */
interface Window {
  readonly totalHits: number;
  readonly resetTime: Date;
}

export interface Windows {
  /** What is counted of that one, if anything. */
  get(key: string): Window | undefined;
  /** Counts one call more. */
  increment(key: string): Window;
  /** Takes a call back, and forgets one: hono-rate-limiter asks both of its stores, and we never call either. */
  decrement(key: string): void;
  resetKey(key: string): void;
}

/** Counts calls by whom they come from, in windows of ten seconds that begin with one's first call, and of a bounded number. */
export function openWindows(now: () => number, most = MOST): Windows {
  // In the order in which they end.
  const counted = new Map<string, { totalHits: number; readonly resetTime: Date }>();
  const forget = (): void => {
    for (const [key, { resetTime }] of counted) {
      if (counted.size <= most && resetTime.getTime() > now()) return;
      counted.delete(key);
    }
  };
  const living = (key: string) => {
    const found = counted.get(key);
    return found !== undefined && found.resetTime.getTime() > now() ? found : undefined;
  };
  return {
    get: living,
    increment(key) {
      const found = living(key);
      if (found) {
        found.totalHits += 1;
        return found;
      }
      const begun = { totalHits: 1, resetTime: new Date(now() + WINDOW_S * 1_000) };
      counted.delete(key);
      counted.set(key, begun);
      forget();
      return begun;
    },
    decrement(key) {
      const found = living(key);
      if (found) found.totalHits -= 1;
    },
    resetKey: (key) => void counted.delete(key),
  };
}

/** In how many whole seconds a window that is used up ends, for `Retry-After`. */
export const secondsUntil = ({ resetTime }: Pick<Window, 'resetTime'>, now: number): number =>
  Math.min(Math.max(Math.ceil((resetTime.getTime() - now) / 1_000), 1), WINDOW_S);
