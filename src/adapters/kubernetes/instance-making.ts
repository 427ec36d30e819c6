import { Fault, type FaultFacts, isFault } from '../../domain/faults.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { Wait } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { faultOf, isRefused } from './faults.ts';
import { openKinds } from './instance-kinds.ts';
import { notReady } from './instance-ready.ts';
import { KINDS, type Kind, pathOf } from './kinds.ts';
import { REARGUARD, managed } from './labels.ts';
import { isOurs, stillThere } from './meeting.ts';
import { type KubeObject, isGoing, label } from './objects.ts';
import { waitUntil } from './watching.ts';

/** A namespace of ours that something is made in: whose it is stands in one of its labels. */
export interface Place {
  readonly name: string;
  readonly owner: { readonly key: string; readonly id: string };
  readonly labels?: Readonly<Record<string, string>>;
  /** For people. */
  readonly words: string;
  readonly facts: FaultFacts;
}
const isOf = (space: KubeObject, { owner }: Place): boolean => isOurs(space) && label(space, owner.key) === owner.id;

export async function findPlace(api: Api, place: Place): Promise<KubeObject | undefined> {
  const there = await api.get(KINDS.namespace, { name: place.name });
  return there && isOf(there, place) ? there : undefined;
}

export async function ensurePlace(api: Api, place: Place): Promise<void> {
  const { name, owner, facts } = place;
  const labels = { ...place.labels, ...managed, [owner.key]: owner.id };
  try {
    await api.raw('POST', `${pathOf(KINDS.namespace)}?fieldManager=${REARGUARD}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels },
    });
    return;
  } catch (error) {
    if (!isRefused(error, 409)) throw faultOf(error, `create namespace ${name}`);
  }
  const there = await api.get(KINDS.namespace, { name });
  if (!there || isGoing(there)) throw new Fault('STILL_THERE', `namespace ${name} is on its way out`, facts);
  if (!isOf(there, place)) throw new Fault('CLUSTER_REFUSED', `namespace ${name} is there already and not ${place.words}’s`, facts);
}

/** The place and all that is in it. STILL_THERE. */
export async function removePlace(api: Api, place: Place, wait: Wait): Promise<void> {
  const { name } = place;
  const there = await findPlace(api, place);
  if (!there) return;
  if (!isGoing(there)) await api.remove(KINDS.namespace, { name });
  await waitUntil({
    api,
    looks: [{ kind: KINDS.namespace, name }],
    read([namespaces = []], say) {
      const [left] = namespaces;
      if (!left || left.metadata.uid !== there.metadata.uid) return true;
      say(`namespace ${name} is going`);
      return undefined;
    },
    wait,
    late: (last) => stillThere(`what is of ${place.words}`, last),
  });
}

/** Whatever a manifest says of it: in that place, under its labels. */
const inPlace = (manifest: Manifest, { name, owner }: Place): Manifest => ({
  ...manifest,
  metadata: { ...manifest.metadata, namespace: name, labels: { ...manifest.metadata.labels, ...managed, [owner.key]: owner.id } },
});

const LOOK_MS = 500;

/** Applies manifests in a place, one after the other, and waits until all of them are ready. What the API server refuses is WORKLOAD_REFUSED, without any of the values in its words. */
export function openMaking(
  api: Api,
): (place: Place, manifests: readonly Manifest[], values: readonly string[], wait: Wait) => Promise<void> {
  const kindsOf = openKinds(api);
  return async (place, manifests, values, wait) => {
    const applied: { readonly manifest: Manifest; readonly kind: Kind }[] = [];
    for (const manifest of manifests.map((each) => inPlace(each, place))) {
      // Whoever is given up on makes nothing more.
      wait.signal?.throwIfAborted();
      try {
        const kind = await kindsOf(manifest);
        await api.apply(manifest, kind);
        applied.push({ manifest, kind });
      } catch (error) {
        throw withoutValues(error, values);
      }
    }
    const namespace = place.name;
    await waitUntil({
      api,
      // What is made of the manifests changes with its pods; the rest is asked for.
      looks: [{ kind: KINDS.pod, namespace }],
      async read(_seen, say, again) {
        const left: string[] = [];
        for (const { manifest, kind } of applied) {
          const { name } = manifest.metadata;
          const why = notReady(manifest, await api.get(kind, { namespace, name }));
          if (why !== undefined) left.push(`${manifest.kind} ${name} ${why}`);
        }
        if (left.length === 0) return true;
        say(left.join('; '));
        again(Date.now() + LOOK_MS);
        return undefined;
      },
      wait,
      late: (last) => new Fault('WORKLOAD_TIMEOUT', `what is of ${place.words} is not ready in time; last seen: ${last}`, place.facts),
    });
  };
}

/** Shorter ones are nobody's secret, and stand in every sentence. */
const SHORTEST = 4;
/** API servers quote what they refuse, as it is or as Go writes it, and our own words end somewhere. */
function withoutValues(error: unknown, values: readonly string[]): unknown {
  if (!isFault(error) || error.code !== 'CLUSTER_REFUSED') return error;
  let words = error.message;
  for (const value of values.filter(({ length }) => length >= SHORTEST)) {
    for (const written of [value, JSON.stringify(value).slice(1, -1)]) {
      words = words.replaceAll(written, '…');
      for (let length = written.length - 1; length >= SHORTEST; length -= 1)
        if (words.endsWith(written.slice(0, length))) words = `${words.slice(0, -length)}…`;
    }
  }
  return new Fault('WORKLOAD_REFUSED', words, {});
}
