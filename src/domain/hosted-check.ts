import type { HostedPodSpec } from './hosted-pod-schema.ts';
import { HostedManifest } from './hosted-schema.ts';
import { sizeOfJson } from './json.ts';
import type { HostedBound } from './hosted.ts';
import { nanos } from './quantity.ts';
import { formatResource } from './resources.ts';
import { UNKNOWN_FIELD, type WrongField, checked, fieldPath } from './wrong-fields.ts';
import { peakOf } from './workload.ts';

/** What one hand-over may hold at most: as many manifests as a blueprint may have, and as many bytes of JSON as an intent. */
const MOST_MANIFESTS = 50;
const MOST_BYTES = 262_144;
/** Faults that are told; of more nobody reads. */
const MOST_TOLD = 50;

/** Of a field that is not let in, whatever its value. */
export const NOT_RUN = 'is nothing that is run for a seller';

type Say = (path: readonly PropertyKey[], problem: string) => void;

/**
 * What is wrong with manifests that a seller hands over to be run at home, all of it at once; empty when they may be applied in a namespace of their own. They are a stranger's: what is not known to be
 * harmless is refused, and no value of theirs is in the words; of very many the first 50. `bound`: what all of it may take together. `counts`: which of them are any.
 */
export function hostedProblems(
  manifests: readonly unknown[],
  bound: HostedBound,
  counts: (wrong: WrongField) => boolean = () => true,
): readonly WrongField[] {
  if (manifests.length > MOST_MANIFESTS)
    return [{ field: '', problem: `must be at most ${MOST_MANIFESTS} manifests, and are ${manifests.length}` }];
  const size = sizeOfJson(manifests);
  if (size === undefined) return [{ field: '', problem: 'must be plain data that JSON can hold' }];
  if (size > MOST_BYTES) return [{ field: '', problem: `must be at most ${MOST_BYTES} bytes of JSON, and are ${size}` }];
  const wrong: WrongField[] = [];
  const readable: HostedManifest[] = [];
  const first = new Map<string, number>();
  const tell = (fault: WrongField): void => {
    if (wrong.length < MOST_TOLD && counts(fault)) wrong.push(fault);
  };
  for (const [i, manifest] of manifests.entries()) {
    if (wrong.length === MOST_TOLD) return wrong;
    const read = checked(HostedManifest, manifest, { hints: false });
    if (!read.ok) {
      for (const { field, problem } of read.wrong) tell({ field: below(i, field), problem: refused(problem) });
      continue;
    }
    const say: Say = (path, problem) => tell({ field: fieldPath(['manifests', i, ...path]), problem });
    const name = `${read.value.kind} ${read.value.metadata.name}`;
    const before = first.get(name);
    if (before !== undefined) say(['metadata', 'name'], `must be unique: manifests[${before}] is a ${name} too`);
    else first.set(name, i);
    readable.push(read.value);
    checkPod(read.value, say);
  }
  for (const fault of checkSum(readable, bound)) tell(fault);
  return wrong;
}

const below = (i: number, field: string): string => `manifests[${i}]${field === '' || field.startsWith('[') ? field : `.${field}`}`;
/** An intent's writer is helped with a mistyped field; a seller is told that it is none for us. */
const refused = (problem: string): string => (problem === UNKNOWN_FIELD ? NOT_RUN : problem);

const podOf = (manifest: HostedManifest): { readonly path: readonly string[]; readonly spec: HostedPodSpec } | undefined => {
  if (manifest.kind === 'Pod') return { path: ['spec'], spec: manifest.spec };
  if (manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet' || manifest.kind === 'Job')
    return { path: ['spec', 'template', 'spec'], spec: manifest.spec.template.spec };
  return undefined;
};

/** What Kubernetes wants of the pod or else of each of its containers. */
function checkPod(manifest: HostedManifest, say: Say): void {
  const pod = podOf(manifest);
  if (!pod) return;
  const { runAsNonRoot, seccompProfile } = pod.spec.securityContext ?? {};
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [i, { securityContext }] of (pod.spec[list] ?? []).entries()) {
      const here: Say = (path, problem) => say([...pod.path, list, i, 'securityContext', ...path], problem);
      if (!runAsNonRoot && !securityContext.runAsNonRoot) here(['runAsNonRoot'], 'must be true, here or for the whole pod');
      if (!seccompProfile && !securityContext.seccompProfile) here(['seccompProfile'], 'must be RuntimeDefault, here or for the whole pod');
    }
  }
}

const podsOf = (manifest: HostedManifest): bigint => {
  if (manifest.kind === 'Pod') return 1n;
  if (manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet') return BigInt(manifest.spec.replicas ?? 1);
  if (manifest.kind !== 'Job') return 0n;
  const { parallelism = 1, completions = parallelism } = manifest.spec;
  return BigInt(Math.min(parallelism, completions));
};

/** What claims ask for: of a StatefulSet each of its pods. */
const claimedBy = (manifest: HostedManifest): bigint => {
  if (manifest.kind === 'PersistentVolumeClaim') return nanos(String(manifest.spec.resources.requests.storage));
  if (manifest.kind !== 'StatefulSet') return 0n;
  const each = (manifest.spec.volumeClaimTemplates ?? []).reduce(
    (sum, { spec }) => sum + nanos(String(spec.resources.requests.storage)),
    0n,
  );
  return podsOf(manifest) * each;
};

/** What containers may use at most, as Kubernetes' quotas count it. */
const neededBy = (manifest: HostedManifest, name: 'cpu' | 'memory'): bigint => {
  const pod = podOf(manifest);
  return pod ? podsOf(manifest) * peakOf(pod.spec, ({ resources }) => nanos(String(resources.limits[name]))) : 0n;
};

function checkSum(manifests: readonly HostedManifest[], bound: HostedBound): readonly WrongField[] {
  const sums = {
    cpu: (each) => neededBy(each, 'cpu'),
    memory: (each) => neededBy(each, 'memory'),
    pods: (each) => podsOf(each) * 10n ** 9n,
    storage: claimedBy,
  } as const satisfies Record<keyof HostedBound, (manifest: HostedManifest) => bigint>;
  return (Object.keys(sums) as (keyof HostedBound)[]).flatMap((name) => {
    const sum = manifests.reduce((all, manifest) => all + sums[name](manifest), 0n);
    if (sum <= nanos(bound[name])) return [];
    return [
      { field: '', problem: `take ${formatResource(name, sum)} of ${name} together, and the intent lets its service have ${bound[name]}` },
    ];
  });
}
