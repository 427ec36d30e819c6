import { CustomObjectsApi, type KubernetesObject } from '@kubernetes/client-node';
import { SLICES, type ClusterView, type Seen, podsOf } from '../../deploy/demo/cluster.ts';
import { PROCESSES } from '../../deploy/demo/nodes.ts';
import type { DemoNode } from '../../deploy/demo/world.ts';
import { waitFor } from '../../deploy/playground/wait.ts';

type Thing = KubernetesObject & Readonly<Record<string, unknown>>;
type Conditioned = Seen & { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } };
const AUTHENTICATION = { group: 'authentication.liqo.io', version: 'v1beta1', plural: 'resourceslices' } as const;
const SLICE = { cpu: '3', memory: '4Gi', pods: '1' };
const SECONDS = 120;

/**
 * The least that Liqo needs from a contract to a pod Running at the provider, in milliseconds: no code of ours runs (both nodes are stopped meanwhile), the tenant
 * stands and credentials are stored; each object is applied as soon as Liqo takes it, and the provider's verdict is given when the slice is first seen there.
 */
export async function liqoFloor(input: { readonly buyer: DemoNode; readonly seller: DemoNode; readonly name: string }): Promise<number> {
  const { buyer, seller, name } = input;
  const [here, there] = [buyer.cluster, seller.cluster];
  for (const node of [buyer, seller]) for (const process of PROCESSES) node.processes.freeze(process);
  const { slice, namespace, offloading, deployment } = manifests(name, buyer.name, seller.name);
  try {
    const verdict = giveVerdict(there, name, buyer.name);
    const ready = here.awaitEvent(
      `virtual node ${name}`,
      '/api/v1/nodes',
      SECONDS,
      ({ object }) => object.metadata?.name === name && isReady(object),
    );
    const offloaded = here.awaitEvent(
      `offloading of ${name}`,
      `/apis/offloading.liqo.io/v1beta1/namespaces/${name}/namespaceoffloadings`,
      SECONDS,
      ({ object }) => (object.status as { readonly offloadingPhase?: string } | undefined)?.offloadingPhase === 'Ready',
    );
    const running = there.awaitEvent(
      `the pod of ${name} at the provider`,
      podsOf(`${name}-${buyer.name}`),
      SECONDS,
      ({ object }) => object.status?.phase === 'Running',
    );
    const start = Date.now();
    const asked = (async () => {
      await Promise.all([here.objects.create(slice), here.objects.create(namespace).then(() => here.objects.create(offloading))]);
      await Promise.all([verdict, ready, offloaded]);
      await here.objects.create(deployment);
    })();
    const [took] = await Promise.all([running.then(() => Date.now() - start), asked]);
    return took;
  } finally {
    await undo(here, [deployment, offloading, namespace, slice]);
    for (const node of [buyer, seller]) for (const process of PROCESSES) node.processes.thaw(process);
    await Promise.all([buyer, seller].flatMap(({ place }) => [place.api, place.health]).map(untilReady));
  }
}

/** A process that was stopped finds its connections again before anybody measures it. */
const untilReady = (at: string): Promise<boolean> =>
  waitFor(`${at} ready again`, 60, async () => (await fetch(`http://${at}/readyz`, { signal: AbortSignal.timeout(3_000) })).ok);

const isReady = (object: Seen): boolean =>
  (object as Conditioned).status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

/** What the provider's operator would do by hand, at first sight; again when Liqo wrote at the same time. */
async function giveVerdict(there: ClusterView, name: string, buyer: string): Promise<void> {
  const namespace = `liqo-tenant-${buyer}`;
  await there.awaitEvent(`slice ${name} at the provider`, SLICES, SECONDS, ({ object }) => object.metadata?.name === name);
  const custom = there.config.makeApiClient(CustomObjectsApi);
  await waitFor(`verdict on ${name}`, 30, async () => {
    const found = (await custom.getNamespacedCustomObject({ ...AUTHENTICATION, namespace, name })) as Conditioned & Thing;
    const conditions = [
      ...(found.status?.conditions ?? []).filter(({ type }) => type !== 'Resources'),
      {
        type: 'Resources',
        status: 'Accepted',
        reason: 'ByHand',
        message: 'by hand',
        lastTransitionTime: `${new Date().toISOString().slice(0, 19)}Z`,
      },
    ];
    const body = { ...found, status: { ...found.status, conditions, resources: SLICE } };
    await custom.replaceNamespacedCustomObjectStatus({ ...AUTHENTICATION, namespace, name, body });
    return true;
  });
}

/** In this order, each gone before the next: offloading before its namespace, both before the slice. */
async function undo(here: ClusterView, things: readonly Thing[]): Promise<void> {
  for (const thing of things) {
    const { apiVersion = '', kind = '', metadata = {} } = thing;
    const named = {
      apiVersion,
      kind,
      metadata: { name: metadata.name ?? '', ...(metadata.namespace !== undefined && { namespace: metadata.namespace }) },
    };
    const gone = async (work: () => Promise<unknown>): Promise<boolean> => {
      try {
        await work();
        return false;
      } catch (error) {
        if ((error as { readonly code?: number }).code === 404) return true;
        throw error;
      }
    };
    await gone(() => here.objects.delete(named));
    await waitFor(`${kind} ${named.metadata.name} gone`, SECONDS, () => gone(() => here.objects.read(named)));
  }
}

/** As Liqo's documentation writes them; the class and the pinning are those of our own slices. */
function manifests(name: string, buyer: string, seller: string) {
  const remote = { 'liqo.io/replication': 'true', 'liqo.io/remoteID': seller, 'liqo.io/remote-cluster-id': seller };
  const resources = { cpu: '3', memory: '4Gi' };
  const slice: Thing = {
    apiVersion: 'authentication.liqo.io/v1beta1',
    kind: 'ResourceSlice',
    metadata: { name, namespace: `liqo-tenant-${seller}`, labels: remote, annotations: { 'liqo.io/create-virtual-node': 'true' } },
    spec: { class: 'rearguard', consumerClusterID: buyer, providerClusterID: seller, resources: SLICE },
  };
  const namespace: Thing = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  const offloading: Thing = {
    apiVersion: 'offloading.liqo.io/v1beta1',
    kind: 'NamespaceOffloading',
    metadata: { name: 'offloading', namespace: name },
    spec: {
      namespaceMappingStrategy: 'DefaultName',
      podOffloadingStrategy: 'Remote',
      clusterSelector: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'liqo.io/remote-cluster-id', operator: 'In', values: [seller] }] }],
      },
    },
  };
  const deployment: Thing = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'app', namespace: name },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          nodeSelector: { 'kubernetes.io/hostname': name },
          containers: [{ name: 'app', image: 'registry.k8s.io/pause:3.10', resources: { requests: resources, limits: resources } }],
        },
      },
    },
  };
  return { slice, namespace, offloading, deployment };
}
