import type { Flavor, Gpu, K8Slice } from './flavor.ts';
import { isSlice } from './flavor.ts';
import { formatQuantity, nanos, parseQuantity } from './quantity.ts';
import type { Resources } from './resources.ts';

/** How GPUs show in a cluster: the extended resource of a device plugin, and the node labels that say what they are. */
export interface GpuKind {
  readonly resource: string;
  /** Of the model. */
  readonly model: string;
  /** Of the memory of one: MiB when it is a bare number, else a quantity. */
  readonly memory: string;
}

/** As NVIDIA's and AMD's device plugins and node labellers write them. */
export const GPU_KINDS: readonly GpuKind[] = [
  { resource: 'nvidia.com/gpu', model: 'nvidia.com/gpu.product', memory: 'nvidia.com/gpu.memory' },
  { resource: 'amd.com/gpu', model: 'amd.com/gpu.product-name', memory: 'amd.com/gpu.vram' },
];

/** What of its GPUs somebody wants, beyond how many. */
export interface GpuWish {
  /** The extended resource that the pods ask for; any when absent. */
  readonly resource?: string;
  /** A part of the model's name, compared without case. */
  readonly model?: string;
  /** Of each at least. */
  readonly memory?: string;
}

/** The GPUs of a node: which, and how much memory one of them has (`0` when nobody says). */
export interface Gpus {
  readonly resource: string;
  /** The node label that says the model. */
  readonly label: string;
  readonly model: string;
  readonly memory: string;
}

/** REAR names a model and no resource of Kubernetes; which one it is travels as an additional property, and without it the custom is NVIDIA's. */
export const GPU_RESOURCE = 'rearguard.dev/gpu-resource';
/** The label of nodes that have that model: the seller keeps a buyer's pods on these. */
export const GPU_LABEL = 'rearguard.dev/gpu-label';
const CUSTOM = 'nvidia.com/gpu';

const NAME = /^(?=.{1,128}$)[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** Whether it is the name of an extended resource: of a vendor's domain, not of Kubernetes' own. */
export const isExtendedResource = (name: string): boolean => NAME.test(name) && !/(^|\.)kubernetes\.io\//.test(name);
/** Extended resources that are GPUs, as the vendors' device plugins call them. */
export const isGpuResource = (name: string): boolean =>
  isExtendedResource(name) && /^(nvidia\.com\/(gpu|mig-.+)|amd\.com\/gpu|gpu\.intel\.com\/.+)$/.test(name);

const propertyOf = ({ additionalProperties = {} }: K8Slice, key: string): string | undefined => {
  const value = additionalProperties[key];
  return typeof value === 'string' ? value : undefined;
};

/** The extended resource by which pods get the GPUs of a slice; a seller's word is taken only for a name that can be one. */
export function gpuResourceOf(offer: K8Slice): string {
  const stated = propertyOf(offer, GPU_RESOURCE);
  return stated !== undefined && isExtendedResource(stated) ? stated : CUSTOM;
}

/** Which nodes have the GPUs of a slice of ours; `undefined` when no label says it. */
export function gpuNodesOf(offer: K8Slice): Readonly<Record<string, string>> | undefined {
  const label = propertyOf(offer, GPU_LABEL);
  return label === undefined || offer.gpu === undefined || offer.gpu.model === '' ? undefined : { [label]: offer.gpu.model };
}

/** GPUs of one name are interchangeable; what is sold of one stands on no others. */
export const gpuName = ({ resource, model }: Pick<Gpus, 'resource' | 'model'>): string => `${resource}/${model}`;
/** That name for a flavor; `undefined` when it has none. */
export const gpuNameOf = (flavor: Flavor): string | undefined =>
  isSlice(flavor) && flavor.offer.gpu ? gpuName({ resource: gpuResourceOf(flavor.offer), model: flavor.offer.gpu.model }) : undefined;

/** Memory of one GPU by a node's label; `0` when it says none that can be read. */
export function gpuMemory(label: string | undefined): string {
  if (label === undefined) return '0';
  const value = parseQuantity(/^\d+$/.test(label) ? `${label}Mi` : label);
  return value === undefined || value < 0n ? '0' : formatQuantity(value, 'binary');
}

/** So many GPUs as REAR describes them; `memory` of one. */
export const gpuPart = ({ model, memory }: Pick<Gpus, 'model' | 'memory'>, count: string): Gpu => ({
  model,
  cores: count,
  memory: formatQuantity((nanos(memory) * nanos(count)) / 10n ** 9n, 'binary'),
});

/** So many GPUs of a slice as REAR describes them: their memory is that of all together. `undefined` for none. */
export function partGpu({ gpu }: K8Slice, count: string | undefined): Gpu | undefined {
  if (gpu === undefined || count === undefined || nanos(count) === 0n) return undefined;
  return scaled(gpu, count);
}

function scaled(gpu: Gpu, count: string): Gpu {
  const [whole, part] = [nanos(gpu.cores), nanos(count)];
  if (whole === part) return gpu;
  return { model: gpu.model, cores: count, memory: whole > 0n ? formatQuantity((nanos(gpu.memory) * part) / whole, 'binary') : '0' };
}

/** A slice with other amounts; what it says of its GPUs goes with their number. */
export const withAmounts = (offer: K8Slice, resources: Resources): K8Slice => ({
  ...offer,
  resources,
  ...(offer.gpu !== undefined && resources.gpu !== undefined && { gpu: scaled(offer.gpu, resources.gpu) }),
});

const oneOf = ({ cores, memory }: Gpu): bigint => (nanos(cores) > 0n ? (nanos(memory) * 10n ** 9n) / nanos(cores) : 0n);
/** Whether one GPU of two slices has another memory, but for what is rounded to a byte; of a slice that has none left (others bought them) nobody knows, and only who buys some has to. */
export function gpuMemoryDiffers({ gpu: one }: K8Slice, { gpu: other }: K8Slice, bought: string | undefined): boolean {
  const count = (gpu: Gpu | undefined): bigint => (gpu ? nanos(gpu.cores) : 0n);
  if (count(one) === 0n || count(other) === 0n) return nanos(bought ?? '0') > 0n && count(one) !== count(other);
  const difference = one && other ? oneOf(one) - oneOf(other) : 0n;
  return difference > 10n ** 9n || difference < -(10n ** 9n);
}
const named = (model: string): string => (model === '' ? 'no stated model' : model);

/** Why the GPUs of a slice will not do, in words that go on after its name; `undefined` when they will. How many there are is another question. */
export function whyNotGpu(offer: K8Slice, { resource, model, memory }: GpuWish): string | undefined {
  const { gpu } = offer;
  if (gpu === undefined) return undefined;
  const sold = gpuResourceOf(offer);
  if (resource !== undefined && sold !== resource) return `has GPUs that pods get as ${sold}, and ${resource} is wanted`;
  if (model !== undefined && !gpu.model.toLowerCase().includes(model.toLowerCase()))
    return `has GPUs of ${named(gpu.model)}, and ${model} is wanted`;
  if (memory !== undefined && oneOf(gpu) < nanos(memory))
    return `has GPUs of ${formatQuantity(oneOf(gpu), 'binary')} each, and at least ${memory} is wanted`;
  return undefined;
}

/** Why a seller cannot sell what a buyer says of the GPUs of a part; `undefined` when it can. An empty model and no memory leave it to the seller. */
export function checkGpu(offer: K8Slice, part: Resources, asked: Gpu): string | undefined {
  const sold = partGpu(offer, part.gpu);
  const model = offer.gpu?.model ?? '';
  if (asked.model !== '' && asked.model !== model) return `the GPUs are of ${named(model)}, not ${asked.model.slice(0, 100)}`;
  if (nanos(asked.memory) > nanos(sold?.memory ?? '0')) return `so many GPUs have ${sold?.memory ?? 'no'} memory, not ${asked.memory}`;
  return undefined;
}
