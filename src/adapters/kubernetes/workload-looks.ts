import { Fault, isFault } from '../../domain/faults.ts';
import type { AcquisitionId, ClusterId, IntentName } from '../../domain/ids.ts';
import type { Manifest } from '../../domain/manifest.ts';
import { podsAtOnce } from '../../domain/workload.ts';
import type { Cluster, WorkloadHealth } from '../../ports/cluster.ts';
import type { Wait } from '../../ports/fabric.ts';
import type { Api } from './api.ts';
import { isRefused } from './faults.ts';
import { type Looked, healthOf } from './health.ts';
import { KINDS, kindOf } from './kinds.ts';
import { OURS } from './labels.ts';
import { type EventObject, type JobObject, type KubeObject, type OffloadingObject, type PodObject, isGoing, label } from './objects.ts';
import type { PodsAtSellers } from './seller-pods.ts';
import { INTENT_PODS } from './sharing.ts';
import { type Look } from './following.ts';
import { waitUntil } from './watching.ts';

interface Ref {
  readonly namespace: string;
  readonly intent: IntentName;
  readonly acquisition?: AcquisitionId;
  readonly seller?: ClusterId;
  readonly manifests: readonly Manifest[];
}
const selector = ({ intent, acquisition }: { readonly intent: IntentName; readonly acquisition?: AcquisitionId }): string =>
  `${OURS.intent}=${intent}${acquisition === undefined ? `,!${OURS.acquisition}` : `,${OURS.acquisition}=${acquisition}`}`;

/** How a workload does: what stands of it at home, and its pods where they run. */
export function workloadLooks(api: Api, sellers: PodsAtSellers): Pick<Cluster, 'awaitWorkload' | 'workloadHealth'> {
  /** What a wait for the workload watches: what stands at home, and its pods where they run. Whoever gives `onRefused` goes on without a seller that sent an identity we will not use. */
  const looksOf = async (
    ref: Ref,
    onRefused?: (why: string) => void,
  ): Promise<{ readonly looks: readonly Look[]; readonly remote: Api | undefined; readonly asked: boolean }> => {
    const { namespace, intent, acquisition, seller } = ref;
    const home = [...new Set(ref.manifests.map((manifest) => kindOf(manifest)))].flatMap((kind) =>
      kind === undefined ? [] : [{ kind, namespace, labels: `${OURS.intent}=${intent}` }],
    );
    if (ref.manifests.length === 0)
      return { looks: [{ kind: KINDS.namespaceOffloading, namespace, name: 'offloading' }], remote: undefined, asked: false };
    const labels = selector(ref);
    if (acquisition === undefined || seller === undefined)
      return { looks: [{ kind: KINDS.pod, namespace, labels }, ...home], remote: undefined, asked: false };
    const remote = await sellers.open({ seller, acquisition, namespace }).catch((error: unknown) => {
      if (!onRefused || !isFault(error) || error.code !== 'KUBECONFIG_REFUSED') throw error;
      onRefused(error.message);
      return undefined;
    });
    const pods: Look = remote
      ? { kind: KINDS.pod, namespace: remote.namespace, labels, api: remote.api }
      : { kind: KINDS.pod, namespace, labels };
    return { looks: [pods, ...home], remote: remote?.api, asked: true };
  };
  const read = (
    ref: Ref,
    at: { readonly remote: Api | undefined; readonly asked: boolean },
    looks: readonly Look[],
    seen: readonly (readonly KubeObject[])[],
    blind?: string,
  ): WorkloadHealth => {
    const readAt = at.asked ? ('seller' as const) : ('home' as const);
    if (ref.manifests.length === 0) {
      const [offloadings = []] = seen;
      const phase = (offloadings[0] as OffloadingObject | undefined)?.status?.offloadingPhase;
      const state = ref.acquisition === undefined || phase === 'Ready' ? 'running' : phase === undefined ? 'missing' : 'pending';
      return { state, pods: [] };
    }
    const [pods = [], ...home] = seen;
    const kinds = looks.slice(1).map(({ kind }) => kind);
    const there = new Set(
      home.flatMap((objects, i) => objects.filter((each) => !isGoing(each)).map(({ metadata }) => `${kinds[i]?.kind}/${metadata.name}`)),
    );
    const jobs = home.flatMap((objects, i) => (kinds[i] === KINDS.job ? (objects as readonly JobObject[]) : []));
    const missing = blind ?? (at.asked && !at.remote ? 'the identity of the slice is not there' : undefined);
    const looked: Looked = {
      manifests: ref.manifests,
      there,
      jobs,
      pods: at.asked && !at.remote ? [] : (pods as readonly PodObject[]),
      readAt,
      ...(missing !== undefined && { blind: missing }),
    };
    return healthOf(looked);
  };

  return {
    async awaitWorkload(ref, wait) {
      const endsAt = Date.now() + wait.timeoutMs;
      const late = (words: string): Fault =>
        new Fault('WORKLOAD_TIMEOUT', `the workload of ${ref.intent} does not run in time; last seen: ${words}`, { intent: ref.intent });
      let remote: Api | undefined;
      try {
        if (isToldAtHome(ref)) await untilTold(api, ref, wait);
        const at = await looksOf(ref);
        remote = at.remote;
        if (at.asked && !remote)
          throw new Fault('WORKLOAD_TIMEOUT', `the slice of ${ref.acquisition} has no identity at the seller`, { intent: ref.intent });
        return await waitUntil({
          api,
          looks: at.looks,
          read(seen, say) {
            const health = read(ref, at, at.looks, seen);
            if (health.state === 'running' || health.state === 'succeeded' || health.state === 'failed') return health;
            say(wordsOf(health));
            return undefined;
          },
          wait: { ...wait, timeoutMs: Math.max(1, endsAt - Date.now()) },
          late,
        });
      } catch (error) {
        if (!isFault(error) || error.code !== 'WORKLOAD_TIMEOUT') throw error;
        const complaint = await lastComplaint(api, ref);
        throw complaint === undefined ? error : new Fault('WORKLOAD_TIMEOUT', `${error.message}; ${complaint}`, error.facts);
      } finally {
        remote?.close();
      }
    },

    async workloadHealth(ref) {
      let blind: string | undefined;
      const at = await looksOf(ref, (why) => {
        blind = why;
      });
      try {
        const seen = await Promise.all(
          at.looks.map(async (look) => {
            try {
              return (await (look.api ?? api).list(look.kind, look)).items;
            } catch (error) {
              if (look.api === undefined || !isFault(error)) throw error;
              blind = error.message;
              return [];
            }
          }),
        );
        return read(ref, at, at.looks, seen, blind);
      } finally {
        at.remote?.close();
      }
    },
  };
}

const wordsOf = ({ state, pods }: WorkloadHealth): string =>
  `${state}: ${pods.map(({ name, phase, message }) => `${name} ${phase}${message ? ` (${message})` : ''}`).join(', ') || 'no pods'}`;

/** Whether home shows that a look at the seller is worth while: a Job may have ended there long ago, and its pods be gone. */
const isToldAtHome = ({ acquisition, manifests }: Ref): boolean =>
  acquisition !== undefined && manifests.some((manifest) => podsAtOnce(manifest) > 0) && manifests.every(({ kind }) => kind !== 'Job');

/**
 * Until a pod at home is more than pending, as Liqo copies it from the seller: what home says proves nothing, but before it nobody need ask there, beside whoever makes the pod run. Where home says
 * nothing for half of the time the seller is asked all the same.
 */
async function untilTold(api: Api, ref: Ref, wait: Wait): Promise<void> {
  const { namespace, acquisition, manifests } = ref;
  const nothing = new Fault('WORKLOAD_TIMEOUT', 'home says nothing');
  const told = waitUntil({
    api,
    looks: [{ kind: KINDS.pod, of: INTENT_PODS, namespace }],
    read([seen = []], say) {
      const pods = (seen as readonly PodObject[]).filter((pod) => label(pod, OURS.acquisition) === acquisition);
      if (pods.some(({ status }) => (status?.phase ?? 'Pending') !== 'Pending')) return true;
      const there = new Set(manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
      say(wordsOf(healthOf({ manifests, there, jobs: [], pods, readAt: 'home' })));
      return undefined;
    },
    wait: { ...wait, timeoutMs: wait.timeoutMs / 2 },
    late: () => nothing,
  });
  await told.catch((error: unknown) => {
    if (error !== nothing) throw error;
  });
}

/** The last warning about the workload's pods at home: there Liqo and the scheduler say why a pod does not come up. */
async function lastComplaint(api: Api, { namespace, manifests }: Ref): Promise<string | undefined> {
  if (manifests.length === 0) return undefined;
  try {
    const { items } = await api.list<EventObject>(KINDS.event, { namespace });
    const [last] = items
      .filter(({ type }) => type === 'Warning')
      .toSorted((a, b) =>
        (b.lastTimestamp ?? b.metadata.creationTimestamp ?? '').localeCompare(a.lastTimestamp ?? a.metadata.creationTimestamp ?? ''),
      );
    return last?.message?.slice(0, 300);
  } catch (error) {
    if (isFault(error) || isRefused(error)) return undefined;
    throw error;
  }
}
