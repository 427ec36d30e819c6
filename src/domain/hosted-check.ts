import { HostedManifest } from './hosted-schema.ts';
import { sizeOfJson } from './json.ts';
import { type HostedBound, MOST_HOSTED_MANIFESTS } from './hosted.ts';
import { podOf, sumProblems } from './hosted-sum.ts';
import { UNKNOWN_FIELD, type WrongField, checked, fieldPath } from './wrong-fields.ts';

/** As an intent. */
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
  if (manifests.length > MOST_HOSTED_MANIFESTS)
    return [{ field: '', problem: `must be at most ${MOST_HOSTED_MANIFESTS} manifests, and are ${manifests.length}` }];
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
  for (const fault of sumProblems(readable, bound)) tell(fault);
  return wrong;
}

const below = (i: number, field: string): string => `manifests[${i}]${field === '' || field.startsWith('[') ? field : `.${field}`}`;
/** An intent's writer is helped with a mistyped field; a seller is told that it is none for us. */
const refused = (problem: string): string => (problem === UNKNOWN_FIELD ? NOT_RUN : problem);

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
