import { type Fault, isFault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { KINDS, type Kind } from './kinds.ts';
import { keepHolding } from './lease.ts';
import { type Condition, type KubeObject, conditionOf, isGoing } from './objects.ts';
import { openSettling } from './settling.ts';
import { type Look, follow, rest } from './watching.ts';

/** A definition is served a moment after it says so; and what is forbidden now may be allowed later. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

interface DefinitionObject extends KubeObject {
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly served: boolean }[] };
  readonly status?: { readonly conditions?: readonly Condition[] };
}
export interface WrittenObject extends KubeObject {
  readonly spec?: unknown;
}

/** What is written in a namespace, in the order of the names, each as it was read; `installed`: whether the cluster knows such resources at all. */
export interface Written<T> {
  readonly installed: boolean;
  readonly resources: readonly T[];
}

const isServed = (definition: DefinitionObject | undefined, version: string): boolean =>
  definition !== undefined &&
  !isGoing(definition) &&
  conditionOf(definition.status?.conditions, 'Established')?.status === 'True' &&
  (definition.spec?.versions ?? []).some(({ name, served }) => name === version && served);

/**
 * Resources that people write into our own cluster, of a kind that may not be installed: under a Lease its definition is watched, and the resources of a namespace for as long as it is served. One that is being deleted
 * is gone already. Sinks are called one after the other, within two seconds of a change; what keeps us from looking ends nothing.
 */
export function watchWritten<T>({
  api,
  log,
  kind,
  lease,
  read,
}: {
  readonly api: Api;
  readonly log: Log;
  readonly kind: Kind;
  readonly lease: string;
  readonly read: (object: WrittenObject) => T;
}): (namespace: string, sink: (written: Written<T>) => Promise<undefined>, signal: AbortSignal) => Promise<void> {
  const [group = '', version = ''] = kind.apiVersion.split('/');
  /** How the cluster calls the definition. */
  const definitionName = `${kind.plural}.${group}`;
  const told = (fault: Fault): void => log.warn({ code: fault.code, why: fault.message }, `${kind.kind} resources cannot be watched`);
  const readAll = (objects: Iterable<WrittenObject>): readonly T[] =>
    [...objects]
      .filter((object) => !isGoing(object))
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(read);

  /** Follows also what is refused: it may not be there yet, or not be allowed yet. */
  async function followPatiently<O extends KubeObject>(
    look: Look,
    signal: AbortSignal,
    learn: (objects: ReadonlyMap<string, O>) => void,
  ): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await follow<O>({
          api,
          look,
          signal,
          onState(objects) {
            pauseMs = FIRST_PAUSE_MS;
            learn(objects);
          },
          onTrouble: told,
        });
      } catch (error) {
        if (!isFault(error)) throw error;
        told(error);
        await rest(pauseMs, signal);
      }
    }
  }

  return async (namespace, sink, signal) => {
    const work = async (held: AbortSignal): Promise<void> => {
      const ending = new AbortController();
      const stop = (): void => ending.abort();
      held.addEventListener('abort', stop, { once: true });
      let known: Written<T> | undefined;
      const telling = openSettling(() => known, sink);
      const learn = (next: Written<T>): void => {
        known = next;
        telling.changed();
      };
      let serving: AbortController | undefined;
      let resources: Promise<void> = Promise.resolve();
      const turn = (served: boolean): void => {
        if (served === (serving !== undefined)) return;
        serving?.abort();
        serving = undefined;
        if (!served) return learn({ installed: false, resources: [] });
        const ours = new AbortController();
        serving = ours;
        resources = followPatiently<WrittenObject>({ kind, namespace }, AbortSignal.any([ours.signal, ending.signal]), (objects) => {
          if (serving === ours) learn({ installed: true, resources: readAll(objects.values()) });
        });
        resources.catch(failed);
      };
      let failed: (why: unknown) => void = () => undefined;
      const failing = new Promise<never>((_resolve, reject) => {
        failed = reject;
      });
      try {
        await Promise.race([
          telling.failed,
          failing,
          followPatiently<DefinitionObject>({ kind: KINDS.definition, name: definitionName }, ending.signal, (objects) => {
            const served = isServed([...objects.values()][0], version);
            if (!served && serving === undefined) learn({ installed: false, resources: [] });
            turn(served);
          }),
        ]);
      } finally {
        telling.stop();
        stop();
        held.removeEventListener('abort', stop);
        await resources.catch(() => undefined);
      }
    };
    await keepHolding({ api, name: lease, signal, log, work });
  };
}
