import { type Quantity, type QuantityFamily, formatQuantity, nanos } from './quantity.ts';

/** Amounts of what a slice is made of. `storage` is ephemeral storage; `gpu` whole GPUs, of a model that the slice names beside; what is absent is not asked for. */
export interface Resources {
  readonly cpu: Quantity;
  readonly memory: Quantity;
  readonly pods: Quantity;
  readonly storage?: Quantity;
  readonly gpu?: Quantity;
}

export const RESOURCE_NAMES = ['cpu', 'memory', 'pods', 'storage', 'gpu'] as const;
export type ResourceName = (typeof RESOURCE_NAMES)[number];

const FAMILY: Record<ResourceName, QuantityFamily> = {
  cpu: 'decimal',
  memory: 'binary',
  pods: 'decimal',
  storage: 'binary',
  gpu: 'decimal',
};

/** Nano-units of a resource as a canonical quantity: memory and storage in binary units, as is the custom. */
export const formatResource = (name: ResourceName, value: bigint): Quantity => formatQuantity(value, FAMILY[name]);

const combine = (a: Resources, b: Resources, f: (x: bigint, y: bigint) => bigint): Resources => {
  const amount = (name: ResourceName): Quantity => formatResource(name, f(nanos(a[name] ?? '0'), nanos(b[name] ?? '0')));
  const sum = { cpu: amount('cpu'), memory: amount('memory'), pods: amount('pods') };
  const has = (name: 'storage' | 'gpu'): boolean => a[name] !== undefined || b[name] !== undefined;
  if (!has('gpu')) return has('storage') ? { ...sum, storage: amount('storage') } : sum;
  return { ...sum, ...(has('storage') && { storage: amount('storage') }), gpu: amount('gpu') };
};

export const NOTHING: Resources = { cpu: '0', memory: '0', pods: '0' };
export const add = (a: Resources, b: Resources): Resources => combine(a, b, (x, y) => x + y);
/** May go below zero: the caller decides what that means. */
export const subtract = (a: Resources, b: Resources): Resources => combine(a, b, (x, y) => x - y);

/** The resources of which `wanted` asks more than `offered` has; empty when it fits. */
export const lacking = (offered: Resources, wanted: Resources): readonly ResourceName[] =>
  RESOURCE_NAMES.filter((name) => nanos(wanted[name] ?? '0') > nanos(offered[name] ?? '0'));
export const fits = (offered: Resources, wanted: Resources): boolean => lacking(offered, wanted).length === 0;

export const withoutGpu = ({ cpu, memory, pods, storage }: Resources): Resources => ({
  cpu,
  memory,
  pods,
  ...(storage !== undefined && { storage }),
});
/** The GPUs of it alone. */
export const gpuAlone = ({ gpu }: Resources): Resources => (gpu === undefined ? NOTHING : { ...NOTHING, gpu });

/** The same amounts in canonical spelling, so that two equal ones are equal as text. */
export const canonicalResources = (resources: Resources): Resources => combine(resources, NOTHING, (x) => x);
export const sameResources = (a: Resources, b: Resources): boolean => fits(a, b) && fits(b, a);

/** As operators read them; storage and GPUs where there are any. */
export const amountWords = ({ cpu, memory, pods, storage, gpu }: Resources): string =>
  [
    `cpu ${cpu}, memory ${memory}, pods ${pods}`,
    ...(storage === undefined || storage === '0' ? [] : [`storage ${storage}`]),
    ...(gpu === undefined || gpu === '0' ? [] : [`GPUs ${gpu}`]),
  ].join(', ');
