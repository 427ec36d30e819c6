import { setImmediate as turn } from 'node:timers/promises';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Wait } from '../../ports/fabric.ts';
import type { Api, Where } from './api.ts';
import type { Kind } from './kinds.ts';
import type { KubeObject } from './objects.ts';

/** What to watch. */
export interface Look extends Where {
  readonly kind: Kind;
  /** Another API server than the one of the wait. */
  readonly api?: Api;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** What was last seen goes into heartbeats and faults. */
const LONGEST_WORDS = 2_000;
const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * Keeps the present state of a collection until `signal` aborts: lists, watches, and lists again whenever the watch ends, so that what vanished in
 * between is missed by nobody. `onState` after each list and each event, which names the one object that it changed; `onTrouble` while the API server is away. Rejects only with what is permanent.
 */
export async function follow<T extends KubeObject>(input: {
  readonly api: Api;
  readonly look: Look;
  readonly signal: AbortSignal;
  readonly onState: (objects: ReadonlyMap<string, T>, changed?: string) => void;
  readonly onTrouble: (fault: Fault) => void;
  /** What is kept of an object, where there may be very many. */
  readonly keep?: (object: T) => T;
}): Promise<void> {
  const { look, signal, onState, onTrouble, keep = (object: T) => object } = input;
  const api = look.api ?? input.api;
  let pause = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    const began = Date.now();
    try {
      const { items, resourceVersion } = await api.list<T>(look.kind, look);
      if (signal.aborted) return;
      const state = new Map(items.map((object) => [keyOf(object), keep(object)]));
      onState(state);
      // Whoever has seen enough ends it in this moment: then no connection is opened for a watch.
      await turn();
      if (signal.aborted) return;
      pause = FIRST_PAUSE_MS;
      await api.watch<T>(look.kind, look, resourceVersion, signal, ({ type, object }) => {
        if (type === 'DELETED') state.delete(keyOf(object));
        else state.set(keyOf(object), keep(object));
        if (state.size > api.connection.bounds.objects)
          throw new Fault('CLUSTER_UNREACHABLE', `watch ${look.kind.plural}: it has more than ${api.connection.bounds.objects} objects`);
        if (!signal.aborted) onState(state, keyOf(object));
      });
    } catch (error) {
      // At a seller's also what is refused may pass: its Liqo lets our identity in a moment after the namespace is there.
      if (!isFault(error) || (error.code !== 'CLUSTER_UNREACHABLE' && look.api === undefined)) throw error;
      onTrouble(error);
    }
    // A server that ends every watch at once must not be asked in a circle.
    if (Date.now() - began < pause) await rest(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
}

/** A pause that ends with the signal. */
export const rest = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });

/** What a wait reads: the objects of each look, in the order of the looks. */
export type Seen = readonly (readonly KubeObject[])[];

/**
 * Watches until `read` finds an answer, at most `wait.timeoutMs`; then fails with what `late` makes of what was last seen. `read` may throw a Fault to end it
 * at once, and says in words what it sees. It is also asked again at the moment that it names with `again`.
 */
export async function waitUntil<T>(input: {
  readonly api: Api;
  readonly looks: readonly Look[];
  readonly read: (seen: Seen, say: (words: string) => void, again: (atMs: number) => void) => T | undefined | Promise<T | undefined>;
  readonly wait: Wait;
  readonly late: (lastSeen: string) => Fault;
}): Promise<T> {
  const { api, looks, read, wait, late } = input;
  wait.signal?.throwIfAborted();
  const ending = new AbortController();
  const states: (readonly KubeObject[] | undefined)[] = looks.map(() => undefined);
  let last = 'nothing yet';
  let trouble: Fault | undefined;
  const say = (all: string): void => {
    const words = all.slice(0, LONGEST_WORDS);
    if (words === last) return;
    last = words;
    wait.seen?.(words);
  };
  try {
    return await new Promise<T>((resolve, reject) => {
      let reading = false;
      let dirty = false;
      let wake: NodeJS.Timeout | undefined;
      const again = (at: number): void => {
        clearTimeout(wake);
        wake = setTimeout(look, Math.max(0, at - Date.now()));
      };
      const look = async (): Promise<void> => {
        if (ending.signal.aborted || states.includes(undefined)) return;
        dirty = true;
        if (reading) return;
        reading = true;
        try {
          while (dirty && !ending.signal.aborted) {
            dirty = false;
            const answer = await read(states as Seen, say, again);
            if (answer !== undefined) return resolve(answer);
          }
        } catch (error) {
          reject(error);
        } finally {
          reading = false;
        }
      };
      const timer = setTimeout(() => reject(states.includes(undefined) && trouble ? trouble : late(last)), wait.timeoutMs);
      const abort = (): void => reject(wait.signal?.reason);
      wait.signal?.addEventListener('abort', abort, { once: true });
      ending.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        clearTimeout(wake);
        wait.signal?.removeEventListener('abort', abort);
      });
      for (const [i, each] of looks.entries()) {
        follow({
          api,
          look: each,
          signal: ending.signal,
          onState(objects) {
            states[i] = [...objects.values()];
            trouble = undefined;
            void look();
          },
          onTrouble(fault) {
            if (each.api === undefined) trouble = fault;
            say(`${last.split(' — ')[0]} — ${fault.message}`);
          },
        }).catch(reject);
      }
    });
  } finally {
    ending.abort();
  }
}
