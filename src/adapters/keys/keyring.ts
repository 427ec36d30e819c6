import { sign } from 'node:crypto';
import type { Did } from '../../domain/did.ts';
import { Fault } from '../../domain/faults.ts';
import type { Clock } from '../../ports/clock.ts';
import type { KeyStore, Signer } from '../../ports/signer.ts';
import { newsOf } from './news.ts';
import { type Ring, type StoredKey, freshKey, readKeys, ringOf, rotated, tidied, writeKeys } from './ring.ts';

/** After how long what was read is read again, ms: with two answers of a slow API server it is still known within a minute, half of the time for which a new key is shown before it signs. Who signs need not wait for it where the store says that somebody wrote. */
const KEPT_MS = 30_000;
/** And after how long when it could not be, ms. */
const RETRY_MS = 5_000;
/** Writers that collide read again; more than two at a time do not happen in earnest. */
const TRIES = 5;

interface KeyringLog {
  info(facts: object, words: string): void;
  warn(facts: object, words: string): void;
}
const SILENT: KeyringLog = { info: () => {}, warn: () => {} };

/**
 * A node's keys: made at the first use, kept in a store that all its processes share. Once they are known nobody waits for that store but who rotates, and for a second at most who signs when somebody else wrote: a key that
 * was withdrawn must not sign. `follow`: until it aborts what others write is heard of, and the keys are read again also while nobody asks.
 */
export function keyring(input: {
  readonly did: Did;
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly log?: KeyringLog;
  readonly follow?: AbortSignal;
}): Signer {
  const { did, store, clock, log = SILENT, follow } = input;
  let known: Ring | undefined;
  /** Of two that were read, the one whose reading began later counts. */
  let turns = 0;
  let knownTurn = 0;
  let first: Promise<Ring> | undefined;
  let refreshing = 0;
  let triedAt = 0;
  let silent = false;

  const take = (ring: Ring, turn: number): Ring => {
    if (known && turn <= knownTurn) return known;
    if (!known && follow && !follow.aborted) {
      keepRefreshing(follow);
      store.follow?.(follow);
    }
    known = ring;
    knownTurn = turn;
    return ring;
  };
  const read = async (): Promise<{ readonly keys: readonly StoredKey[]; readonly version: string }> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const mark = await news.mark();
      const stored = await store.read();
      if (stored) {
        const keys = readKeys(stored.text);
        news.learnt(mark);
        return { keys, version: stored.version };
      }
      if (known) throw gone();
      const keys = [freshKey(clock.now())];
      if (await store.write(writeKeys(keys), undefined))
        log.info({ kid: ringOf(did, keys).signing(clock.now()).kid }, 'this node had no keys: made the first one');
    }
    throw new Fault('KEYS_UNAVAILABLE', 'the keys of this node cannot be made: others write where they lie');
  };
  const readFirst = async (): Promise<Ring> => {
    turns += 1;
    const turn = turns;
    const { keys } = await read();
    triedAt = clock.now();
    return take(ringOf(did, keys), turn);
  };
  const refresh = async (): Promise<void> => {
    refreshing += 1;
    turns += 1;
    const turn = turns;
    try {
      const { keys, version } = await read();
      const now = clock.now();
      const tidy = tidied(keys, now);
      take(ringOf(did, tidy), turn);
      // Where somebody else wrote meanwhile, or it fails, the next one tidies.
      if (tidy.length !== keys.length || tidy.some((key, n) => key !== keys[n])) await store.write(writeKeys(tidy), version);
      silent = false;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (!silent) log.warn({ why }, 'the keys of this node could not be read again: those that are known go on signing');
      silent = true;
    } finally {
      triedAt = clock.now();
      refreshing -= 1;
    }
  };
  const refreshWhenDue = (): void => {
    if (refreshing === 0 && clock.now() - triedAt >= (silent ? RETRY_MS : KEPT_MS)) void refresh();
  };
  const news = newsOf({ store, read: refresh });
  const keepRefreshing = (signal: AbortSignal): void => {
    const timer = setInterval(refreshWhenDue, RETRY_MS).unref();
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  };
  const present = async (): Promise<Ring> => {
    if (known) {
      refreshWhenDue();
      await news.heard();
      return known;
    }
    first ??= readFirst().finally(() => {
      first = undefined;
    });
    return await first;
  };

  return {
    did,
    async sign(bytes) {
      const { kid, key } = (await present()).signing(clock.now());
      return { kid, signature: sign(null, bytes, key) };
    },
    async published() {
      return (await present()).shown(clock.now());
    },
    async rotate({ overlapMs }) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const { keys, version } = await read();
        const now = clock.now();
        const next = rotated(keys, { now, overlapMs });
        if (!(await store.write(writeKeys(next), version))) continue;
        // Readings that began before the writing ended know less.
        turns += 1;
        const ring = ringOf(did, next);
        take(ring, turns);
        const made = ring.shown(now).find(({ jwk }) => jwk.x === next[0]?.x);
        if (made) return made;
      }
      throw new Fault('KEYS_UNAVAILABLE', 'the keys of this node could not be rotated: others write where they lie');
    },
  };
}

const gone = (): Fault =>
  new Fault(
    'KEYS_UNAVAILABLE',
    'the keys of this node are gone from where they lay: restore them; without them all its processes have to be restarted, and it gets new keys that nobody knows',
  );
