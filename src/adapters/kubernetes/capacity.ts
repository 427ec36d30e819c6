import { nanos, parseQuantity } from '../../domain/quantity.ts';
import { NOTHING, type ResourceName, type Resources, add, formatResource, subtract } from '../../domain/resources.ts';
import { peakOf } from '../../domain/workload.ts';
import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, VIRTUAL_NODE } from './labels.ts';
import { type Amounts, type ContainerObject, type NodeObject, type PodObject, isReady, label } from './objects.ts';

const KEYS: Record<ResourceName, string> = { cpu: 'cpu', memory: 'memory', pods: 'pods', storage: 'ephemeral-storage' };
const amount = (amounts: Amounts | undefined, name: ResourceName): bigint => parseQuantity(String(amounts?.[KEYS[name]] ?? '0')) ?? 0n;

const resources = (of: (name: ResourceName) => bigint): Resources => {
  const storage = of('storage');
  return {
    cpu: formatResource('cpu', of('cpu')),
    memory: formatResource('memory', of('memory')),
    pods: formatResource('pods', of('pods')),
    ...(storage !== 0n && { storage: formatResource('storage', storage) }),
  };
};

/** What the scheduler counts for a pod: what its containers request, and its overhead. */
export const requestsOf = ({ spec = {} }: PodObject): Resources =>
  resources((name) =>
    name === 'pods'
      ? 10n ** 9n
      : peakOf(spec, (container: ContainerObject) => amount(container.resources?.requests, name)) + amount(spec.overhead, name),
  );

/** What a node has for pods, by the kubelet's word. */
export const allocatableOf = (node: NodeObject): Resources => resources((name) => amount(node.status?.allocatable, name));

/** A worker of ours that takes new pods: not virtual, Ready, not cordoned, without a taint that keeps pods off (as control planes have). */
function takesPods(node: NodeObject, architecture?: string): boolean {
  if (label(node, LIQO_KEYS.nodeType) === VIRTUAL_NODE || node.spec?.unschedulable === true || !isReady(node)) return false;
  if ((node.spec?.taints ?? []).some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute')) return false;
  return architecture === undefined || label(node, 'kubernetes.io/arch') === architecture;
}

/** Whether a buyer offloaded it: Liqo makes such pods for ShadowPods and says so; labels come from the buyer. */
export const isGuest = ({ metadata }: PodObject): boolean =>
  (metadata.ownerReferences ?? []).some(({ kind }) => kind === KINDS.shadowPod.kind);

interface Free {
  readonly total: Resources;
  /** What buyers' pods request of the rest. */
  readonly guests: Resources;
}

/** What workers have free: allocatable less the requests of living pods, in sum. Never below nothing. */
export function freeOf(nodes: readonly NodeObject[], pods: readonly PodObject[], architecture?: string): Free {
  const free = new Map(nodes.filter((node) => takesPods(node, architecture)).map((node) => [node.metadata.name, allocatableOf(node)]));
  let guests = NOTHING;
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    const left = node === undefined ? undefined : free.get(node);
    if (node === undefined || left === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') continue;
    const requests = requestsOf(pod);
    free.set(node, subtract(left, requests));
    if (isGuest(pod)) guests = add(guests, requests);
  }
  const each = [...free.values()].map((left) => resources((name) => atLeastNothing(nanos(left[name] ?? '0'))));
  return { total: each.reduce(add, NOTHING), guests };
}
const atLeastNothing = (value: bigint): bigint => (value < 0n ? 0n : value);

export async function free(api: Api, architecture?: string): Promise<Free> {
  const [nodes, pods] = await Promise.all([api.list<NodeObject>(KINDS.node), api.list<PodObject>(KINDS.pod)]);
  return freeOf(nodes.items, pods.items, architecture);
}
