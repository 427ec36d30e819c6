import type { Fault } from '../../domain/faults.ts';
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
  state?: ReadonlyMap<string, KubeObject>;
  trouble?: Fault | undefined;
}
const followed = new WeakMap<Api, Map<Collection, Shared>>();

/** Followed once per API server, from the first who asks until the client is closed, however many ask: a list and a watch of its own for each who waits is most of what a wait costs both sides. */
function sharedOf(api: Api, collection: Collection): Shared {
  const all = followed.get(api) ?? new Map<Collection, Shared>();
  followed.set(api, all);
  const there = all.get(collection);
  if (there) return there;
  const made: Shared = { listeners: new Set() };
  all.set(collection, made);
  follow({
    api,
    look: collection,
    signal: api.closed,
    onState(state, changed) {
      made.state = state;
      made.trouble = undefined;
      for (const { onState } of made.listeners) onState(state, changed);
    },
    onTrouble(fault) {
      made.trouble = fault;
      for (const { onTrouble } of made.listeners) onTrouble(fault);
    },
  }).catch((error: unknown) => {
    // Whoever asks next begins anew.
    all.delete(collection);
    for (const { fail } of made.listeners) fail(error);
  });
  return made;
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
    if (shared.state) onState(shared.state);
    if (shared.trouble) onTrouble(shared.trouble);
  });
}
