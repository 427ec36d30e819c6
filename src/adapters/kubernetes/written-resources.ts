import type { Fault } from '../../domain/faults.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { type KindLook, lookAtKinds } from './kind-look.ts';
import { KINDS, type Kind } from './kinds.ts';
import { keepHolding } from './lease.ts';
import { type Condition, type KubeObject, conditionOf, isGoing } from './objects.ts';
import { followPatiently } from './patience.ts';
import { openSettling } from './settling.ts';

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
  /** `undefined` as long as it cannot be said: nothing is told before. */
  readonly read: (object: WrittenObject, kinds: KindLook) => T | undefined;
}): (namespace: string, sink: (written: Written<T>) => Promise<undefined>, signal: AbortSignal) => Promise<void> {
  const [group = '', version = ''] = kind.apiVersion.split('/');
  /** How the cluster calls the definition. */
  const definitionName = `${kind.plural}.${group}`;
  const onTrouble = (fault: Fault): void => log.warn({ code: fault.code, why: fault.message }, `${kind.kind} resources cannot be watched`);
  const readAll = (objects: Iterable<WrittenObject>, kinds: KindLook): Written<T> | undefined => {
    const resources = [...objects]
      .filter((object) => !isGoing(object))
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map((object) => read(object, kinds));
    return resources.includes(undefined) ? undefined : { installed: true, resources: resources as readonly T[] };
  };

  return async (namespace, sink, signal) => {
    const work = async (held: AbortSignal): Promise<void> => {
      const ending = new AbortController();
      const stop = (): void => ending.abort();
      held.addEventListener('abort', stop, { once: true });
      let known: 'unknown' | 'not installed' | ReadonlyMap<string, WrittenObject> = 'unknown';
      const { look, looking } = lookAtKinds({ api, log, changed: () => telling.changed(), signal: ending.signal });
      const told = (): Written<T> | undefined => {
        if (typeof known !== 'string') return readAll(known.values(), look);
        return known === 'unknown' ? undefined : { installed: false, resources: [] };
      };
      const telling = openSettling(told, sink);
      const learn = (next: typeof known): void => {
        known = next;
        telling.changed();
      };
      let serving: AbortController | undefined;
      let resources: Promise<void> = Promise.resolve();
      const turn = (served: boolean): void => {
        if (served === (serving !== undefined)) return;
        serving?.abort();
        serving = undefined;
        if (!served) return learn('not installed');
        const ours = new AbortController();
        serving = ours;
        resources = followPatiently<WrittenObject>({
          api,
          look: { kind, namespace },
          signal: AbortSignal.any([ours.signal, ending.signal]),
          learn(objects) {
            if (serving === ours) learn(objects);
          },
          onTrouble,
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
          looking,
          followPatiently<DefinitionObject>({
            api,
            look: { kind: KINDS.definition, name: definitionName },
            signal: ending.signal,
            learn(objects) {
              const served = isServed([...objects.values()][0], version);
              if (!served && serving === undefined) learn('not installed');
              turn(served);
            },
            onTrouble,
          }),
        ]);
      } finally {
        telling.stop();
        stop();
        held.removeEventListener('abort', stop);
        await Promise.allSettled([resources, looking]);
      }
    };
    await keepHolding({ api, name: lease, signal, log, work });
  };
}
