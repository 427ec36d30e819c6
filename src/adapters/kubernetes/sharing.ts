import { Fault, isFault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import { type Collection, type Listener, follow } from './following.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, OURS, VIRTUAL_NODE } from './labels.ts';
import type { KubeObject } from './objects.ts';

/** What acquisitions wait for at home. Each is known by an acquisition's id, which is never used again: an older state than that of now is only an earlier one. */
export const VIRTUAL_NODES: Collection = { kind: KINDS.node, labels: `${LIQO_KEYS.nodeType}=${VIRTUAL_NODE}` };
export const BOUGHT_SLICES: Collection = { kind: KINDS.resourceSlice, labels: `${LIQO_KEYS.replication}=true` };
export const INTENT_PODS: Collection = { kind: KINDS.pod, labels: OURS.intent };

interface Shared {
  readonly listeners: Set<Listener & { readonly fail: (error: unknown) => void }>;
  state?: ReadonlyMap<string, KubeObject> | undefined;
  trouble?: Fault | undefined;
  /** When it was last told anything, in milliseconds since the epoch. */
  heardAt: number;
  /** Ends what follows it now. */
  ending: AbortController;
}
const followed = new WeakMap<Api, Map<Collection, Shared>>();
/** Whoever comes to a collection of which nothing was heard for so long has it listed and watched anew: a connection that died without a word would be silent for a minute and a half. */
const FRESH_MS = 10_000;

/** Without what nobody reads, and which is half of an object. */
const keep = (object: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { readonly managedFields?: unknown };
  return { ...object, metadata };
};

/** Followed once per API server, from the first who asks until the client is closed, however many ask: a list and a watch of its own for each who waits is most of what a wait costs both sides. */
function sharedOf(api: Api, collection: Collection): Shared {
  const all = followed.get(api) ?? new Map<Collection, Shared>();
  followed.set(api, all);
  const there = all.get(collection);
  if (there && (there.trouble || Date.now() - there.heardAt < FRESH_MS)) return there;
  const made = there ?? { listeners: new Set(), heardAt: 0, ending: new AbortController() };
  made.ending.abort();
  made.ending = new AbortController();
  made.state = undefined;
  made.heardAt = Date.now();
  all.set(collection, made);
  void followInto(made, { api, collection, forget: () => all.delete(collection) });
  return made;
}

async function followInto(
  made: Shared,
  at: { readonly api: Api; readonly collection: Collection; readonly forget: () => void },
): Promise<void> {
  const { api, collection, forget } = at;
  const { ending } = made;
  const close = (): void => ending.abort();
  api.closed.addEventListener('abort', close, { once: true });
  let known = false;
  let why: unknown = new Fault('CLUSTER_UNREACHABLE', `watch ${collection.kind.plural}: the client is closed`);
  try {
    if (api.closed.aborted) close();
    await follow({
      api,
      look: collection,
      signal: ending.signal,
      keep,
      onState(state, changed) {
        known = true;
        made.heardAt = Date.now();
        made.state = state;
        made.trouble = undefined;
        for (const { onState } of made.listeners) onState(state, changed);
      },
      onTrouble(fault) {
        made.trouble = fault;
        for (const { onTrouble } of made.listeners) onTrouble(fault);
      },
    });
  } catch (error) {
    // What was allowed a moment ago may be so again: whoever waits tries again, and begins anew.
    why = known && isFault(error) ? new Fault('CLUSTER_UNREACHABLE', error.message, error.facts) : error;
  } finally {
    api.closed.removeEventListener('abort', close);
  }
  // Somebody had it followed anew.
  if (made.ending !== ending) return;
  forget();
  for (const { fail } of made.listeners) fail(why);
}

/** As {@link follow}, of a collection that is followed for all; the state that is known is told at once. */
export async function share(
  input: Listener & { readonly api: Api; readonly collection: Collection; readonly signal: AbortSignal },
): Promise<void> {
  const { api, collection, signal, onState, onTrouble } = input;
  if (signal.aborted) return;
  const shared = sharedOf(api, collection);
  await new Promise<void>((resolve, reject) => {
    const listener = {
      onState,
      onTrouble,
      fail(error: unknown): void {
        leave();
        reject(error);
      },
    };
    const leave = (): void => {
      shared.listeners.delete(listener);
      signal.removeEventListener('abort', end);
    };
    const end = (): void => {
      leave();
      resolve();
    };
    shared.listeners.add(listener);
    signal.addEventListener('abort', end, { once: true });
    // What was known before the server went away is no answer: whoever waits for it must hear that nobody answers.
    if (shared.trouble) onTrouble(shared.trouble);
    else if (shared.state) onState(shared.state);
  });
}
