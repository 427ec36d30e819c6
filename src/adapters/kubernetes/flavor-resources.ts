import { type Fault, isFault } from '../../domain/faults.ts';
import type { FlavorResources, WrittenFlavors } from '../../ports/flavor-resources.ts';
import { readFlavorResource } from '../../rear/flavor-resource.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { KINDS } from './kinds.ts';
import { keepHolding } from './lease.ts';
import { type Condition, type KubeObject, conditionOf, isGoing } from './objects.ts';
import { openSettling } from './settling.ts';
import { type Look, follow, rest } from './watching.ts';

const LEASE = 'flavor-resources';
const KIND = KINDS.fluidosFlavor;
const [GROUP = '', VERSION = ''] = KIND.apiVersion.split('/');
/** How the cluster calls the definition of FLUIDOS' Flavor. */
const DEFINITION = `${KIND.plural}.${GROUP}`;
/** A definition is served a moment after it says so; and what is forbidden now may be allowed later. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

interface DefinitionObject extends KubeObject {
  readonly spec?: { readonly versions?: readonly { readonly name: string; readonly served: boolean }[] };
  readonly status?: { readonly conditions?: readonly Condition[] };
}
interface FlavorObject extends KubeObject {
  readonly spec?: unknown;
}

const isServed = (definition: DefinitionObject | undefined): boolean =>
  definition !== undefined &&
  !isGoing(definition) &&
  conditionOf(definition.status?.conditions, 'Established')?.status === 'True' &&
  (definition.spec?.versions ?? []).some(({ name, served }) => name === VERSION && served);

/** Flavors in the order of their names; one that is being deleted is gone already. */
const flavorsOf = (objects: Iterable<FlavorObject>): WrittenFlavors['flavors'] =>
  [...objects]
    .filter((object) => !isGoing(object))
    .map(({ metadata: { name }, spec }) => ({ name, ...readFlavorResource(spec) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** The port FlavorResources: under the Lease `flavor-resources`, the definition is watched, and the flavors of a namespace for as long as it is served. */
export function kubernetesFlavorResources({ api, log }: { readonly api: Api; readonly log: Log }): FlavorResources {
  const told = (fault: Fault): void => log.warn({ code: fault.code, why: fault.message }, 'Flavor resources cannot be watched');
  /** Follows also what is refused: it may not be there yet, or not be allowed yet. */
  async function followPatiently<T extends KubeObject>(
    look: Look,
    signal: AbortSignal,
    learn: (objects: ReadonlyMap<string, T>) => void,
  ): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await follow<T>({
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

  return {
    async watch(namespace, sink, signal) {
      const work = async (held: AbortSignal): Promise<void> => {
        const ending = new AbortController();
        const stop = (): void => ending.abort();
        held.addEventListener('abort', stop, { once: true });
        let known: WrittenFlavors | undefined;
        const telling = openSettling(() => known, sink);
        const learn = (next: WrittenFlavors): void => {
          known = next;
          telling.changed();
        };
        let serving: AbortController | undefined;
        let flavors: Promise<void> = Promise.resolve();
        const turn = (served: boolean): void => {
          if (served === (serving !== undefined)) return;
          serving?.abort();
          serving = undefined;
          if (!served) return learn({ installed: false, flavors: [] });
          const ours = new AbortController();
          serving = ours;
          flavors = followPatiently<FlavorObject>({ kind: KIND, namespace }, AbortSignal.any([ours.signal, ending.signal]), (objects) => {
            if (serving === ours) learn({ installed: true, flavors: flavorsOf(objects.values()) });
          });
          flavors.catch(failed);
        };
        let failed: (why: unknown) => void = () => undefined;
        const failing = new Promise<never>((_resolve, reject) => {
          failed = reject;
        });
        try {
          await Promise.race([
            telling.failed,
            failing,
            followPatiently<DefinitionObject>({ kind: KINDS.definition, name: DEFINITION }, ending.signal, (objects) => {
              const served = isServed([...objects.values()][0]);
              if (!served && serving === undefined) learn({ installed: false, flavors: [] });
              turn(served);
            }),
          ]);
        } finally {
          telling.stop();
          stop();
          held.removeEventListener('abort', stop);
          await flavors.catch(() => undefined);
        }
      };
      await keepHolding({ api, name: LEASE, signal, log, work });
    },
  };
}
