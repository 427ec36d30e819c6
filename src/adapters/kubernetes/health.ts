import type { Manifest } from '../../domain/manifest.ts';
import { podsAtOnce } from '../../domain/workload.ts';
import type { WorkloadHealth } from '../../ports/cluster.ts';
import { OURS } from './labels.ts';
import { type JobObject, type PodObject, conditionOf, isGoing, label } from './objects.ts';
import { manifestMark } from './workload-manifests.ts';

/** What is known of a workload: the objects at home, and the pods where they run. */
export interface Looked {
  readonly manifests: readonly Manifest[];
  /** Names of the workload's objects that stand at home, as `Kind/name`. */
  readonly there: ReadonlySet<string>;
  readonly jobs: readonly JobObject[];
  readonly pods: readonly PodObject[];
  readonly readAt: 'home' | 'seller';
  /** Nobody answers at the seller. */
  readonly blind?: string;
}

const waitingWords = (pod: PodObject): string | undefined => {
  const states = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(({ state }) => state);
  const waiting = states.find((state) => state?.waiting)?.waiting;
  const ended = states.find((state) => (state?.terminated?.exitCode ?? 0) !== 0)?.terminated;
  const scheduled = conditionOf(pod.status?.conditions, 'PodScheduled');
  const unscheduled = scheduled?.status === 'False' ? scheduled.message : undefined;
  const said = waiting
    ? [waiting.reason, waiting.message].filter(Boolean).join(': ')
    : ended && [`exit code ${ended.exitCode}`, ended.reason, ended.message].filter(Boolean).join(': ');
  return (pod.status?.message || pod.status?.reason || said || unscheduled)?.slice(0, 300);
};
const waitsFor = ({ status }: PodObject, why: RegExp): boolean =>
  [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(({ state }) =>
    why.test(state?.waiting?.reason ?? ''),
  );
/** Whether a container of it crashes again and again, or cannot be started; its phase does not say so. */
export const isBroken = (pod: PodObject): boolean => waitsFor(pod, /BackOff|Err/);
/** Whether one crashes again and again. */
const crashes = (pod: PodObject): boolean => waitsFor(pod, /^CrashLoopBackOff$/);

/** How a Job ended, with its controller's words; `undefined` while it goes on. */
export function verdictOf({ metadata, status }: JobObject): { readonly state: 'succeeded' | 'failed'; readonly words: string } | undefined {
  for (const [type, state] of [
    ['Complete', 'succeeded'],
    ['Failed', 'failed'],
  ] as const) {
    const said = conditionOf(status?.conditions, type);
    if (said?.status === 'True')
      return { state, words: [`Job ${metadata.name}`, said.reason, said.message].filter(Boolean).join(': ').slice(0, 300) };
  }
  return undefined;
}

type State = 'running' | 'succeeded' | 'failed' | 'pending' | 'missing';

function stateOf(manifest: Manifest, { there, jobs, pods }: Looked): State {
  const job = manifest.kind === 'Job' ? jobs.find(({ metadata }) => metadata.name === manifest.metadata.name) : undefined;
  const verdict = job && verdictOf(job);
  if (verdict) return verdict.state;
  if (!there.has(`${manifest.kind}/${manifest.metadata.name}`)) return 'missing';
  const own = pods.filter((pod) => label(pod, OURS.manifest) === manifestMark(manifest) && !isGoing(pod));
  const phases = (phase: string): readonly PodObject[] => own.filter((pod) => pod.status?.phase === phase);
  if (manifest.kind === 'Pod' && phases('Failed').length > 0) return 'failed';
  const serving = phases('Running').filter((pod) => !isBroken(pod)).length;
  const done = manifest.kind === 'Deployment' ? 0 : phases('Succeeded').length;
  if (manifest.kind === 'Pod' && done > 0) return 'succeeded';
  // A Job tries again what failed, after pauses of some minutes, until it has failed itself: its place is not to blame, and no other one would be better.
  const failed = manifest.kind === 'Job' ? own.filter((pod) => pod.status?.phase === 'Failed' || crashes(pod)).length : 0;
  const tried = own.length > serving + done + failed ? 0 : failed;
  return serving + done + tried >= podsAtOnce(manifest) ? 'running' : 'pending';
}

/** What a workload with manifests comes to: the worst of its parts decides; it succeeded when all of it did. */
export function healthOf(looked: Looked): WorkloadHealth {
  const pods = looked.pods.map((pod) => {
    const message = waitingWords(pod);
    return {
      name: pod.metadata.name,
      phase: isGoing(pod) ? 'Terminating' : (pod.status?.phase ?? 'Pending'),
      ...(pod.spec?.nodeName !== undefined && { node: pod.spec.nodeName }),
      readAt: looked.readAt,
      ...(message !== undefined && { message }),
    };
  });
  const states = looked.manifests.filter((manifest) => podsAtOnce(manifest) > 0).map((manifest) => stateOf(manifest, looked));
  const all = (state: State): boolean => states.length > 0 && states.every((each) => each === state);
  const kept = looked.manifests.every(({ kind, metadata }) => looked.there.has(`${kind}/${metadata.name}`));
  if (states.includes('failed')) {
    const message = looked.jobs.map(verdictOf).find((verdict) => verdict?.state === 'failed')?.words;
    return { state: 'failed', pods, ...(message !== undefined && { message }) };
  }
  if (all('succeeded')) return { state: 'succeeded', pods };
  if (states.includes('missing') || (states.length === 0 && !kept)) return { state: 'missing', pods };
  if (looked.blind !== undefined) return { state: 'unknown', pods };
  return { state: states.includes('pending') ? 'pending' : 'running', pods };
}
