import { Fault } from '../../domain/faults.ts';

interface Turn {
  readonly place: string;
  readonly key: string;
  transaction?: string;
  readonly over: Promise<void>;
  free(): void;
}

/**
 * One acquisition at a time per FLUIDOS flavor: such a seller knows a transaction by (buyer, flavor), so that two of ours would be given the same one
 * and only one could buy. A turn lasts from RESERVE until PURCHASE is answered, the buyer gives up, or `lastsMs` have passed.
 */
export function openTurns({ lastsMs }: { readonly lastsMs: number }) {
  const turns = new Map<string, Turn>();

  const begin = (place: string, key: string): Turn => {
    let free = (): void => {};
    const over = new Promise<void>((resolve) => {
      free = resolve;
    });
    const turn: Turn = {
      place,
      key,
      over,
      free() {
        clearTimeout(timer);
        if (turns.get(place) === turn) turns.delete(place);
        free();
      },
    };
    const timer = setTimeout(() => turn.free(), lastsMs);
    timer.unref();
    turns.set(place, turn);
    return turn;
  };

  return {
    /** Waits for its turn; the holder of a turn takes it again at once. PEER_TIMEOUT when it does not come in time (nothing was sent). */
    async take(input: { readonly place: string; readonly key: string; readonly timeoutMs: number; readonly signal?: AbortSignal }) {
      const { place, key, timeoutMs, signal } = input;
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(), timeoutMs);
      const aborted = (): void => deadline.abort();
      signal?.addEventListener('abort', aborted, { once: true });
      const late = new Promise<void>((resolve) => deadline.signal.addEventListener('abort', () => resolve(), { once: true }));
      try {
        for (;;) {
          signal?.throwIfAborted();
          const current = turns.get(place);
          if (current === undefined) return begin(place, key);
          if (current.key === key) return current;
          if (deadline.signal.aborted) throw new Fault('PEER_TIMEOUT', 'another acquisition of ours is buying this flavor', { place });
          await Promise.race([current.over, late]);
        }
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
      }
    },
    ofTransaction: (transaction: string): Turn | undefined => [...turns.values()].find((turn) => turn.transaction === transaction),
  };
}
