import { type GpuWish, GPU_KINDS, gpuMemory, isExtendedResource } from '../../domain/gpu.ts';
import { formatQuantity, nanos, parseQuantity } from '../../domain/quantity.ts';
import { NOTHING, type ResourceName, type Resources, add, formatResource, subtract } from '../../domain/resources.ts';
import { peakOf } from '../../domain/workload.ts';
import type { Api } from './api.ts';
import { KINDS } from './kinds.ts';
import { LIQO_KEYS, VIRTUAL_NODE } from './labels.ts';
import { type Amounts, type ContainerObject, type NodeObject, type PodObject, isReady, label } from './objects.ts';

/** What a node and a pod say in fixed words; GPUs are extended resources, of which there are many. */
type FixedName = Exclude<ResourceName, 'gpu'>;
const KEYS: Record<FixedName, string> = { cpu: 'cpu', memory: 'memory', pods: 'pods', storage: 'ephemeral-storage' };
const amount = (amounts: Amounts | undefined, name: FixedName): bigint => parseQuantity(String(amounts?.[KEYS[name]] ?? '0')) ?? 0n;

const resources = (of: (name: FixedName) => bigint): Resources => {
  const storage = of('storage');
  return {
    cpu: formatResource('cpu', of('cpu')),
    memory: formatResource('memory', of('memory')),
    pods: formatResource('pods', of('pods')),
    ...(storage !== 0n && { storage: formatResource('storage', storage) }),
  };
};

/** What the scheduler counts for a pod: what it requests as a whole, of that alone what its containers request otherwise, and its overhead (PodRequests of Kubernetes 1.34). */
export const requestsOf = ({ spec = {} }: PodObject): Resources =>
  resources((name) => {
    if (name === 'pods') return 10n ** 9n;
    const whole = spec.resources?.requests?.[KEYS[name]] === undefined ? undefined : amount(spec.resources.requests, name);
    return (
      (whole ?? peakOf(spec, (container: ContainerObject) => amount(container.resources?.requests, name))) + amount(spec.overhead, name)
    );
  });

/** What its containers request of extended resources, in nano-units. */
export function extendedRequestsOf({ spec = {} }: PodObject): ReadonlyMap<string, bigint> {
  const named = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
    Object.keys(resources?.requests ?? {}).filter(isExtendedResource),
  );
  const of = (name: string) => (container: ContainerObject) => parseQuantity(String(container.resources?.requests?.[name] ?? '0')) ?? 0n;
  return new Map([...new Set(named)].map((name) => [name, peakOf(spec, of(name))]));
}

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

/**
 * GPUs of workers that no living pod requests. Where one of them has others of that resource than are wanted there are none to count on: the scheduler tells them not apart.
 */
function freeGpus(
  nodes: readonly NodeObject[],
  pods: readonly PodObject[],
  { resource = 'nvidia.com/gpu', model, memory }: GpuWish,
): bigint {
  const kind = GPU_KINDS.find((each) => each.resource === resource);
  const wanted = (node: NodeObject): boolean =>
    (model === undefined || (kind !== undefined && label(node, kind.model)?.toLowerCase().includes(model.toLowerCase()) === true)) &&
    (memory === undefined || (kind !== undefined && nanos(gpuMemory(label(node, kind.memory))) >= nanos(memory)));
  const having = nodes.filter(({ status }) => (parseQuantity(String(status?.allocatable?.[resource] ?? '0')) ?? 0n) > 0n);
  if (!having.every(wanted)) return 0n;
  const taken = new Map<string, bigint>();
  for (const pod of pods) {
    const name = pod.spec?.nodeName;
    if (name !== undefined && isLiving(pod)) taken.set(name, (taken.get(name) ?? 0n) + gpusOf(pod, { resource }));
  }
  return having
    .map(({ metadata, status }) => (parseQuantity(String(status?.allocatable?.[resource])) ?? 0n) - (taken.get(metadata.name) ?? 0n))
    .reduce((sum, left) => sum + atLeastNothing(left), 0n);
}

/** What workers have free: allocatable less the requests of living pods, in sum; GPUs when some are wanted. Never below nothing. */
export function freeOf(nodes: readonly NodeObject[], pods: readonly PodObject[], architecture?: string, gpu?: GpuWish): Free {
  const free = new Map(nodes.filter((node) => takesPods(node, architecture)).map((node) => [node.metadata.name, allocatableOf(node)]));
  let guests = NOTHING;
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    const left = node === undefined ? undefined : free.get(node);
    if (node === undefined || left === undefined || !isLiving(pod)) continue;
    const requests = requestsOf(pod);
    free.set(node, subtract(left, requests));
    if (isGuest(pod)) guests = add(guests, { ...requests, ...(gpu && { gpu: formatQuantity(gpusOf(pod, gpu)) }) });
  }
  const each = [...free.values()].map((left) => resources((name) => atLeastNothing(nanos(left[name] ?? '0'))));
  const total = each.reduce(add, NOTHING);
  if (!gpu) return { total, guests };
  const workers = nodes.filter((node) => takesPods(node, architecture));
  return { total: { ...total, gpu: formatQuantity(freeGpus(workers, pods, gpu)) }, guests };
}
const isLiving = ({ status }: PodObject): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
const gpusOf = (pod: PodObject, { resource = 'nvidia.com/gpu' }: GpuWish): bigint => extendedRequestsOf(pod).get(resource) ?? 0n;
const atLeastNothing = (value: bigint): bigint => (value < 0n ? 0n : value);

export async function free(api: Api, architecture?: string, gpu?: GpuWish): Promise<Free> {
  const [nodes, pods] = await Promise.all([api.list<NodeObject>(KINDS.node), api.list<PodObject>(KINDS.pod)]);
  return freeOf(nodes.items, pods.items, architecture, gpu);
}
