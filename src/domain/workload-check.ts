import { isGpuResource } from './gpu.ts';
import { nanos } from './quantity.ts';
import { nearestName } from './nearest.ts';
import { CONTAINER_RESOURCES, type ContainerResource, LONGEST_GRACE_S, asked, isBeyondQuota, podOf } from './workload.ts';
import type { Container, PodSpec, WorkloadManifest } from './workload-schema.ts';
import { type WrongField, fieldPath } from './wrong-fields.ts';

/** What is refused in `metadata`, and why. */
const FOREIGN_METADATA: Readonly<Record<string, string>> = {
  namespace: 'must be absent: the intent has a namespace of its own; to send one of yours use workload.namespace',
  generateName: 'must be absent: what we create must have a name to be removed by',
  finalizers: 'must be absent: a finalizer would keep the object when the intent ends',
  ownerReferences: 'must be absent: its owner is not in the namespace of the intent',
  uid: 'must be absent: it belongs to an object that is there already',
  resourceVersion: 'must be absent: it belongs to an object that is there already',
  managedFields: 'must be absent: it belongs to an object that is there already',
};
const OURS = /^([a-z0-9-]+\.)*rearguard\.dev\//;
/** Of the host, which is another owner's: what the Pod Security Standard `baseline` forbids. */
const HOST_FLAGS = ['hostNetwork', 'hostPID', 'hostIPC'] as const;
const HOST = 'cannot work on a node of another owner: it reaches into the host. Set placement: local, or leave it out';

interface Terms {
  readonly remote: boolean;
  readonly needed: readonly ContainerResource[];
  /** An extended resource that the intent says are GPUs. */
  readonly gpu?: string | undefined;
  /** Whether nothing can be said about a place of the manifest. */
  readonly isHidden: (path: readonly PropertyKey[]) => boolean;
}
type Say = (path: readonly PropertyKey[], problem: string) => void;

/**
 * What is wrong with a manifest beyond its shape, each with why. `remote`: the pods may run on another owner's nodes; `needed`: what every
 * container must say of itself, since no resources section does. Paths begin at `at`.
 */
export function checkManifest(manifest: WorkloadManifest, at: readonly PropertyKey[], terms: Terms): readonly WrongField[] {
  const { remote, isHidden } = terms;
  const wrong: WrongField[] = [];
  const say: Say = (path, problem) => {
    if (!isHidden(path)) wrong.push({ field: fieldPath([...at, ...path]), problem });
  };

  for (const [key, problem] of Object.entries(FOREIGN_METADATA)) if (isThere(manifest.metadata[key])) say(['metadata', key], problem);
  for (const map of ['labels', 'annotations'] as const) {
    for (const key of Object.keys(manifest.metadata[map] ?? {}))
      if (OURS.test(key)) say(['metadata', map, key], 'is set by Rearguard itself');
  }
  if (isThere(manifest['status'])) say(['status'], 'must be absent: it is what a cluster says, not what you ask for');
  if (manifest.kind === 'Deployment') {
    const labels = manifest.spec.template.metadata?.labels ?? {};
    for (const [key, value] of Object.entries(manifest.spec.selector.matchLabels ?? {})) {
      if (labels[key] !== value)
        say(['spec', 'selector', 'matchLabels', key], 'must be among spec.template.metadata.labels, with the same value');
    }
    if (manifest.spec.paused) say(['spec', 'paused'], 'must not be true: no pod would ever start');
  }
  if (manifest.kind === 'Job') {
    if (manifest.spec.suspend) say(['spec', 'suspend'], 'must not be true: no pod would ever start');
    if (isThere(manifest.spec['ttlSecondsAfterFinished']))
      say(
        ['spec', 'ttlSecondsAfterFinished'],
        'must be absent: the intent takes the Job away when it is over, and brings back what was taken away before',
      );
  }

  const pod = podOf(manifest);
  if (!pod) return wrong;
  const inPod: Say = (path, problem) => say([...pod.path, ...path], problem);
  const { restartPolicy } = pod.spec;
  if (manifest.kind === 'Deployment' && restartPolicy && restartPolicy !== 'Always')
    inPod(['restartPolicy'], 'must be Always in a Deployment');
  if (manifest.kind === 'Job' && restartPolicy !== 'Never' && restartPolicy !== 'OnFailure')
    inPod(['restartPolicy'], 'must be Never or OnFailure in a Job');
  checkPlace(pod.spec, remote, inPod);
  checkContainers(pod.spec, terms, inPod);
  return wrong;
}

/** Set to something: people's tools write `status: {}` and `creationTimestamp: null`. */
const isThere = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);

function checkPlace(spec: PodSpec, remote: boolean, say: Say): void {
  if (isThere(spec.nodeName)) say(['nodeName'], 'must be absent: the place is what the intent finds');
  if (isThere(spec.serviceAccountName) && spec.serviceAccountName !== 'default')
    say(['serviceAccountName'], 'must be default or absent: the namespace of the intent has no other account');
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    if (isThere(volume['persistentVolumeClaim']) || isThere(volume['ephemeral']))
      say(['volumes', i], 'must not be a persistent volume: its data cannot move with the workload; use emptyDir, configMap or secret');
    if (remote && isThere(volume['hostPath'])) say(['volumes', i, 'hostPath'], HOST);
  }
  if (isThere(spec['resources']))
    say(['resources'], 'must be absent: say of each container what it asks for, since a part is bought by that');
  if (!remote) return;
  if (Number(spec['terminationGracePeriodSeconds'] ?? 0) > LONGEST_GRACE_S)
    say(
      ['terminationGracePeriodSeconds'],
      `must be at most ${LONGEST_GRACE_S}: sellers refuse a pod that may take longer to go. Set placement: local, or shorten it`,
    );
  for (const key of HOST_FLAGS) if (spec[key]) say([key], HOST);
  const NODES = 'must be absent: it names nodes of your own, and the pod goes to an acquired one; use resources.architecture and limits';
  if (isThere(spec.nodeSelector)) say(['nodeSelector'], NODES);
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  if (isThere(spec.affinity?.nodeAffinity?.[required])) say(['affinity', 'nodeAffinity', required], NODES);
}

function checkContainers(spec: PodSpec, terms: Terms, say: Say): void {
  const sidecar = (spec.initContainers ?? []).findIndex(({ restartPolicy }) => restartPolicy === 'Always');
  if (terms.remote && sidecar >= 0 && isBeyondQuota(spec))
    say(
      ['initContainers', sidecar, 'restartPolicy'],
      'must not be Always: sellers refuse what runs beside the containers and their quota does not count. Make it a container, put an init container before it that asks for as much as all that runs, or set placement: local',
    );
  const names = new Set<string>();
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      const here: Say = (path, problem) => say([list, i, ...path], problem);
      if (names.has(container.name)) here(['name'], `must be unique in the pod; there is another container ${container.name}`);
      names.add(container.name);
      checkAmounts(container, terms, here);
      if (!terms.remote) continue;
      if (container.securityContext?.privileged) here(['securityContext', 'privileged'], HOST);
      for (const [j, port] of (container.ports ?? []).entries()) if (port.hostPort) here(['ports', j, 'hostPort'], HOST);
    }
  }
}

function checkAmounts(container: Container, { needed, gpu }: Terms, say: Say): void {
  const known: readonly string[] = Object.values(CONTAINER_RESOURCES);
  const isGpu = (name: string): boolean => name === gpu || isGpuResource(name);
  const { requests, limits } = container.resources ?? {};
  for (const [map, amounts] of Object.entries({ requests, limits })) {
    for (const key of Object.keys(amounts ?? {}).filter((name) => !known.includes(name) && !isGpu(name))) {
      const near = nearestName(key, known);
      say(
        ['resources', map, key],
        near ? `is not a known resource; did you mean ${near}?` : `cannot be acquired; only ${known.join(', ')} and GPUs can`,
      );
    }
  }
  for (const key of known) {
    const [request, limit] = [requests?.[key], limits?.[key]];
    if (request === undefined || limit === undefined) continue;
    if (nanos(String(request)) > nanos(String(limit))) say(['resources', 'requests', key], `must be at most the limit, ${limit}`);
  }
  const gpus = new Set([...Object.keys(requests ?? {}), ...Object.keys(limits ?? {})].filter(isGpu));
  for (const key of gpus) {
    const [request, limit] = [requests?.[key], limits?.[key]];
    if (nanos(String(limit ?? request)) % 10n ** 9n !== 0n) say(['resources', 'limits', key], 'must be a whole number of GPUs');
    if (limit === undefined || (request !== undefined && nanos(String(request)) !== nanos(String(limit))))
      say(['resources', 'limits', key], 'must be given, and what is requested must be the same: GPUs are not shared out');
  }
  for (const name of needed) {
    if (asked(container, name) === undefined)
      say(
        ['resources', 'requests', CONTAINER_RESOURCES[name]],
        'is missing: a part is bought by what the containers ask for. Say it here or as a limit, or give spec.resources',
      );
  }
}
