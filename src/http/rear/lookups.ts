import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../domain/faults.ts';

/** Addresses that one source may have us ask for keys at a time. A real node has one; behind one address there may be a few. */
const MOST = 8;
/** When a failure is told, counted from the question, ms: as long as a document is waited for, so that nobody tells a port that is closed from one that is silent by how soon we know. */
const FAILS_AFTER_MS = 3_000;

/**
 * Asks on behalf of a source whose word is not proven yet: it may name whatever address, and each could keep a question open for seconds. KEYS_UNAVAILABLE when it has too many under way;
 * our own machine has no limit, and is told at once.
 */
export function boundedLookups(failsAfterMs = FAILS_AFTER_MS) {
  const asking = new Map<string, Map<string, number>>();
  return async <T>(source: string | undefined, address: string, ask: () => Promise<T>): Promise<T> => {
    if (source === undefined) return await ask();
    const mine = asking.get(source) ?? new Map<string, number>();
    const already = mine.get(address) ?? 0;
    if (already === 0 && mine.size >= MOST) throw new Fault('KEYS_UNAVAILABLE', 'too many nodes are asked for their keys: ask again');
    asking.set(source, mine.set(address, already + 1));
    const since = performance.now();
    try {
      return await ask();
    } catch (error) {
      const leftMs = since + failsAfterMs - performance.now();
      if (leftMs > 0) await pause(leftMs);
      throw error;
    } finally {
      const left = (mine.get(address) ?? 1) - 1;
      if (left > 0) mine.set(address, left);
      else mine.delete(address);
      if (mine.size === 0) asking.delete(source);
    }
  };
}
