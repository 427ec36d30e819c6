import { setImmediate as turn } from 'node:timers/promises';
import { Fault, isFault } from '../../domain/faults.ts';
import type { Api, Where } from './api.ts';
import type { Kind } from './kinds.ts';
import type { KubeObject, Metadata } from './objects.ts';

/** A collection, or one object of it. */
export interface Look extends Where {
  readonly kind: Kind;
  /** Another API server than the one of the wait. */
  readonly api?: Api;
  /** The collection of {@link shared} that this is a part of, by namespace and name. */
  readonly of?: Collection;
}

/** A collection in which many look for their part. */
export interface Collection {
  readonly kind: Kind;
  readonly labels: string;
}

/** Told of a collection. */
export interface Listener<T extends KubeObject = KubeObject> {
  /** After each list and each event, which names the one object that it changed. */
  readonly onState: (objects: ReadonlyMap<string, T>, changed?: string) => void;
  /** While the API server is away. */
  readonly onTrouble: (fault: Fault) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** An object's place in the state of its collection. */
export const keyOf = ({ metadata }: { readonly metadata: Pick<Metadata, 'namespace' | 'name'> }): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * Keeps the present state of a collection until `signal` aborts: lists, watches, and lists again whenever the watch ends, so that what vanished in
 * between is missed by nobody. Rejects only with what is permanent.
 */
export async function follow<T extends KubeObject>(
  input: Listener<T> & {
    readonly api: Api;
    readonly look: Look;
    readonly signal: AbortSignal;
    /** What is kept of an object, where there may be very many. */
    readonly keep?: (object: T) => T;
  },
): Promise<void> {
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
