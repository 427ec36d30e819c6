import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../domain/faults.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Turns } from '../../ports/turns.ts';

/** How soon one that waits asks again: nobody tells processes of each other's turns. */
const AGAIN_MS = 200;

/** Turns among those in one process; what a node uses that has no store. */
export function localTurns(clock: Clock): Turns {
  const turns = new Map<string, { readonly key: string; readonly endsAt: number; readonly transaction?: string }>();
  return {
    async take({ place, key, lastsMs }) {
      const now = turns.get(place);
      if (now !== undefined && now.key !== key && now.endsAt > clock.now()) return false;
      turns.set(place, { ...(now?.key === key ? now : {}), key, endsAt: clock.now() + lastsMs });
      return true;
    },
    async note({ place, key, transaction }) {
      const now = turns.get(place);
      if (now?.key === key) turns.set(place, { ...now, transaction });
    },
    async free(of) {
      for (const [place, { key, transaction }] of turns) {
        if ('key' in of ? key === of.key : transaction === of.transaction && place.startsWith(of.at)) turns.delete(place);
      }
    },
  };
}

/** Waits for a turn. PEER_TIMEOUT when it does not come in time (nothing was sent); the signal's own reason when it aborts. */
export async function awaitTurn(
  turns: Turns,
  {
    timeoutMs,
    signal,
    ...turn
  }: { readonly place: string; readonly key: string; readonly lastsMs: number; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await turns.take(turn)) return;
    const left = until - performance.now();
    if (left <= 0) throw new Fault('PEER_TIMEOUT', 'another acquisition of ours is buying this flavor', { place: turn.place });
    try {
      await pause(Math.min(AGAIN_MS, left), undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }
}
