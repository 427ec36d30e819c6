import { nanos } from './quantity.ts';
import { isGpuResource } from './gpu.ts';
import { type ResourceName, type Resources, formatResource } from './resources.ts';
import type { Container, PodSpec, WorkloadManifest } from './workload-schema.ts';

/** What the pods of one manifest need. */
export interface PodNeed {
  readonly kind: string;
  readonly name: string;
  /** How many of them run at once. */
  readonly pods: bigint;
  /** Nano-units that one of them needs. */
  readonly each: Readonly<Record<ContainerResource, bigint>>;
}

/** What a container may ask for, beside GPUs: `storage` is Kubernetes' `ephemeral-storage`. */
export type ContainerResource = Exclude<ResourceName, 'pods' | 'gpu'>;
/** How long a pod may take to go at a seller, in seconds: the end of its contract waits for it. */
export const LONGEST_GRACE_S = 3_600;
/** How Kubernetes calls what a container asks for. */
export const CONTAINER_RESOURCES = { cpu: 'cpu', memory: 'memory', storage: 'ephemeral-storage' } as const satisfies Record<
  ContainerResource,
  string
>;

/** Where the pod of a manifest is described; `undefined` when it has none. */
export function podOf(manifest: WorkloadManifest): { readonly path: readonly string[]; readonly spec: PodSpec } | undefined {
  if (manifest.kind === 'Pod') return { path: ['spec'], spec: manifest.spec };
  if (manifest.kind === 'Deployment' || manifest.kind === 'Job')
    return { path: ['spec', 'template', 'spec'], spec: manifest.spec.template.spec };
  return undefined;
}

/** How many pods of a manifest run at once; 0 when it makes none. */
export function podsAtOnce({ kind, spec }: { readonly kind: string; readonly spec?: unknown }): number {
  if (kind === 'Pod') return 1;
  const field = (name: string): number | undefined => {
    const value = typeof spec === 'object' && spec !== null ? Object.entries(spec).find(([key]) => key === name)?.[1] : undefined;
    return typeof value === 'number' ? value : undefined;
  };
  if (kind === 'Deployment') return field('replicas') ?? 1;
  if (kind !== 'Job') return 0;
  const parallel = field('parallelism') ?? 1;
  return Math.min(parallel, field('completions') ?? parallel);
}

/**
 * Nano-units of a resource that a container may use, so that what is bought holds it: its limit, or what it requests when it has none. A
 * seller's quota under enforcement Hard wants both to be equal.
 */
export const asked = (container: Container, name: ContainerResource): bigint | undefined => askedBy(container, CONTAINER_RESOURCES[name]);
function askedBy({ resources }: Container, key: string): bigint | undefined {
  const value = resources?.limits?.[key] ?? resources?.requests?.[key];
  return value === undefined ? undefined : nanos(String(value));
}

/** What a pod needs, as the scheduler counts it: all containers at once, or an init container beside the sidecars before it, if that is more. */
export function peakOf<C extends { readonly restartPolicy?: string | null | undefined }>(
  { initContainers, containers }: { readonly initContainers?: readonly C[] | null | undefined; readonly containers?: readonly C[] },
  needOf: (container: C) => bigint,
): bigint {
  let sidecars = 0n;
  let peak = 0n;
  for (const container of initContainers ?? []) {
    const now = sidecars + needOf(container);
    if (container.restartPolicy === 'Always') sidecars = now;
    if (now > peak) peak = now;
  }
  const running = (containers ?? []).reduce((sum, container) => sum + needOf(container), sidecars);
  return running > peak ? running : peak;
}
/**
 * Whether a pod needs more than its largest init container or all its containers together, which is what Liqo's quota counts: a seller that holds buyers to what they bought refuses such a pod. What a container does
 * not say, a resources section says for it.
 */
export function isBeyondQuota(spec: PodSpec): boolean {
  const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  return (['cpu', 'memory'] as const).some((name) => {
    const need = (container: Container): bigint => asked(container, name) ?? 1n;
    const together = spec.containers.reduce((sum, container) => sum + need(container), 0n);
    return peakOf(spec, need) > (spec.initContainers ?? []).map(need).reduce(most, together);
  });
}
const needOfPod = (spec: PodSpec, name: ContainerResource): bigint => peakOf(spec, (container) => asked(container, name) ?? 0n);

/** What the pods of each manifest need. */
export const needsOf = (manifests: readonly WorkloadManifest[]): readonly PodNeed[] =>
  manifests.flatMap((manifest) => {
    const pod = podOf(manifest);
    if (!pod) return [];
    const each = { cpu: needOfPod(pod.spec, 'cpu'), memory: needOfPod(pod.spec, 'memory'), storage: needOfPod(pod.spec, 'storage') };
    return [{ kind: manifest.kind, name: manifest.metadata.name, pods: BigInt(podsAtOnce(manifest)), each }];
  });

/** How many GPUs all pods need, by the extended resource that they ask for; `more` names one that is none by its name. */
export function gpusOf(manifests: readonly WorkloadManifest[], more?: string): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const manifest of manifests) {
    const spec = podOf(manifest)?.spec;
    const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
    const keys = containers.flatMap(({ resources }) => [
      ...Object.keys(resources?.limits ?? {}),
      ...Object.keys(resources?.requests ?? {}),
    ]);
    for (const key of new Set(keys.filter((each) => each === more || isGpuResource(each)))) {
      const each = spec ? peakOf(spec, (container) => askedBy(container, key) ?? 0n) : 0n;
      const count = (found.get(key) ?? 0n) + BigInt(podsAtOnce(manifest)) * each;
      if (count > 0n) found.set(key, count);
    }
  }
  return found;
}

const total = (needs: readonly PodNeed[], name: Exclude<ResourceName, 'gpu'>): bigint =>
  needs.reduce((sum, { pods, each }) => sum + pods * (name === 'pods' ? 10n ** 9n : each[name]), 0n);

/** The sum of what all pods need, in canonical quantities; `storage` only when somebody asks for it. */
export function sumOf(needs: readonly PodNeed[]): Resources {
  const of = (name: Exclude<ResourceName, 'gpu'>): string => formatResource(name, total(needs, name));
  const storage = of('storage');
  return { cpu: of('cpu'), memory: of('memory'), pods: of('pods'), ...(storage === '0' ? {} : { storage }) };
}

/**
 * Gives every container that asks for no cpu or memory an equal share of what the section leaves, so that its pod is taken under a quota;
 * the container counts double when its pod runs twice. The names of resources of which nothing is left come back as `short`.
 */
export function shareOut(
  manifests: readonly WorkloadManifest[],
  section: Partial<Resources>,
): { readonly manifests: readonly WorkloadManifest[]; readonly short: readonly ResourceName[] } {
  const needs = needsOf(manifests);
  const shares: Partial<Record<'cpu' | 'memory', bigint>> = {};
  const short: ResourceName[] = [];
  for (const name of ['cpu', 'memory'] as const) {
    const given = section[name];
    const silent = manifests.reduce((sum, manifest) => sum + BigInt(podsAtOnce(manifest)) * silentIn(podOf(manifest)?.spec, name), 0n);
    if (silent === 0n || given === undefined) continue;
    const grain = GRAIN[name];
    const share = ((nanos(given) - total(needs, name)) / silent / grain) * grain;
    if (share > 0n) shares[name] = share;
    else short.push(name);
  }
  return { manifests: short.length > 0 ? manifests : manifests.map((manifest) => withShares(manifest, shares)), short };
}

/** A millicore, and a mebibyte: nothing runs in less. */
const GRAIN = { cpu: 10n ** 6n, memory: 2n ** 20n * 10n ** 9n } as const;

const silentIn = (spec: PodSpec | undefined, name: ContainerResource): bigint =>
  BigInt([...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].filter((container) => asked(container, name) === undefined).length);

function withShares(manifest: WorkloadManifest, shares: Partial<Record<'cpu' | 'memory', bigint>>): WorkloadManifest {
  const fill = (container: Container): Container => {
    const missing = (['cpu', 'memory'] as const).flatMap((name) => {
      const share = shares[name];
      return share === undefined || asked(container, name) !== undefined ? [] : [[name, formatResource(name, share)] as const];
    });
    if (missing.length === 0) return container;
    return {
      ...container,
      resources: { ...container.resources, requests: { ...container.resources?.requests, ...Object.fromEntries(missing) } },
    };
  };
  const filled = (spec: PodSpec): PodSpec => ({
    ...spec,
    containers: spec.containers.map(fill),
    ...(spec.initContainers ? { initContainers: spec.initContainers.map(fill) } : {}),
  });
  if (manifest.kind === 'Pod') return { ...manifest, spec: filled(manifest.spec) };
  if (manifest.kind === 'Deployment') {
    const { template } = manifest.spec;
    return { ...manifest, spec: { ...manifest.spec, template: { ...template, spec: filled(template.spec) } } };
  }
  if (manifest.kind === 'Job') {
    const { template } = manifest.spec;
    return { ...manifest, spec: { ...manifest.spec, template: { ...template, spec: filled(template.spec) } } };
  }
  return manifest;
}
