import type { HostedPodSpec } from './hosted-pod-schema.ts';
import { HostedManifest } from './hosted-schema.ts';
import { type HostedBound, LEAST_OF_A_CONTAINER } from './hosted.ts';
import { type Quantity, nanos } from './quantity.ts';
import { formatResource } from './resources.ts';
import { peakOf } from './workload.ts';
import type { WrongField } from './wrong-fields.ts';

/** How much manifests take together that a seller hands over to be run at home, counted as Kubernetes' quotas count it. */

const ONE = 10n ** 9n;
type Container = HostedPodSpec['containers'][number];

/** The pod that a manifest makes, and where it stands in it. */
export const podOf = (manifest: HostedManifest): { readonly path: readonly string[]; readonly spec: HostedPodSpec } | undefined => {
  if (manifest.kind === 'Pod') return { path: ['spec'], spec: manifest.spec };
  if (manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet' || manifest.kind === 'Job')
    return { path: ['spec', 'template', 'spec'], spec: manifest.spec.template.spec };
  return undefined;
};

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

/** What containers may use at most. */
const neededBy = (manifest: HostedManifest, of: (container: Container) => bigint): bigint => {
  const pod = podOf(manifest);
  return pod ? podsOf(manifest) * peakOf(pod.spec, of) : 0n;
};
const limitOf = (name: 'cpu' | 'memory') => (manifest: HostedManifest) =>
  neededBy(manifest, ({ resources }) => nanos(String(resources.limits[name])));
const diskOf =
  (otherwise: bigint) =>
  ({ resources: { limits } }: Container): bigint => {
    const said = limits['ephemeral-storage'];
    return said === undefined ? otherwise : nanos(String(said));
  };
const LEAST_DISK = nanos(LEAST_OF_A_CONTAINER['ephemeral-storage']);

/** Where no storage is granted: more than the logs of a container, of which a kubelet keeps 5 files of 10 MiB. */
const DISK_FOR_LOGS = nanos('64Mi');
/** What all containers may write on disks of nodes together: as much as claims may have, or a little for each pod where these may have none. */
export function diskBound({ storage, pods }: HostedBound): Quantity {
  const granted = nanos(storage);
  const count = nanos(pods) / ONE;
  return formatResource('storage', granted >= LEAST_DISK ? granted : DISK_FOR_LOGS * (count > 0n ? count : 1n));
}

/** What each container may write that says nothing of it: an equal share of what the others leave of the bound, in whole bytes, so that the quota takes all of them. */
export function diskOfEach(manifests: readonly unknown[], bound: HostedBound): Quantity {
  const readable = manifests.flatMap((manifest) => {
    const { data } = HostedManifest.safeParse(manifest);
    return data ? [data] : [];
  });
  const all = nanos(diskBound(bound));
  const said = readable.reduce((sum, each) => sum + neededBy(each, diskOf(0n)), 0n);
  const silent = readable.reduce(
    (sum, each) => sum + neededBy(each, ({ resources }) => (resources.limits['ephemeral-storage'] === undefined ? 1n : 0n)),
    0n,
  );
  const share = silent === 0n ? all : (all - said) / silent;
  const whole = (share / ONE) * ONE;
  return formatResource('storage', whole > LEAST_DISK ? whole : LEAST_DISK);
}

/** What manifests take more of together than they may have. */
export function sumProblems(manifests: readonly HostedManifest[], bound: HostedBound): readonly WrongField[] {
  const sums: readonly (readonly [string, keyof HostedBound, Quantity, (manifest: HostedManifest) => bigint])[] = [
    ['cpu', 'cpu', bound.cpu, limitOf('cpu')],
    ['memory', 'memory', bound.memory, limitOf('memory')],
    ['pods', 'pods', bound.pods, (each) => podsOf(each) * ONE],
    ['storage', 'storage', bound.storage, claimedBy],
    ['ephemeral-storage', 'storage', diskBound(bound), (each) => neededBy(each, diskOf(LEAST_DISK))],
  ];
  return sums.flatMap(([name, kind, most, of]) => {
    const sum = manifests.reduce((all, manifest) => all + of(manifest), 0n);
    if (sum <= nanos(most)) return [];
    return [{ field: '', problem: `take ${formatResource(kind, sum)} of ${name} together, and the intent lets its service have ${most}` }];
  });
}
