import type { Fault } from '../../domain/faults.ts';
import type { Wait } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { type Listener, type Look, follow, keyOf } from './following.ts';
import type { KubeObject } from './objects.ts';
import { share } from './sharing.ts';

/** What was last seen goes into heartbeats and faults. */
const LONGEST_WORDS = 2_000;

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
        const listener: Listener = {
          onState(objects, changed) {
            if (states[i] !== undefined && changed !== undefined && !isPart(each, changed)) return;
            states[i] = partOf(each, objects);
            trouble = undefined;
            void look();
          },
          onTrouble(fault) {
            if (each.api === undefined) trouble = fault;
            say(`${last.split(' — ')[0]} — ${fault.message}`);
          },
        };
        const { signal } = ending;
        (each.of ? share({ api, collection: each.of, signal, ...listener }) : follow({ api, look: each, signal, ...listener })).catch(
          reject,
        );
      }
    });
  } finally {
    ending.abort();
  }
}

/** Whether an object of the collection, by its place there, is of what is looked at. */
const isPart = ({ of, namespace = '', name }: Look, key: string): boolean =>
  of === undefined || (name === undefined ? key.startsWith(`${namespace}/`) : key === keyOf({ metadata: { namespace, name } }));

/** What is looked at of a collection. */
function partOf(look: Look, objects: ReadonlyMap<string, KubeObject>): readonly KubeObject[] {
  if (look.of === undefined) return [...objects.values()];
  return [...objects].filter(([key]) => isPart(look, key)).map(([, object]) => object);
}
