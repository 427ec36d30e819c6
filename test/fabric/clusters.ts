import { type RunningCluster, type RunningStack, openStack } from '../../deploy/playground/stack.ts';
import { waitFor } from '../../deploy/playground/wait.ts';
import { openApi } from '../../src/adapters/kubernetes/api.ts';
import { ownConnection } from '../../src/adapters/kubernetes/connection.ts';
import { isCounted } from '../../src/adapters/kubernetes/counting.ts';
import { KINDS, pathOf } from '../../src/adapters/kubernetes/kinds.ts';
import type { PodObject, SecretObject } from '../../src/adapters/kubernetes/objects.ts';
import { type Kubernetes, openKubernetes } from '../../src/adapters/kubernetes/open.ts';
import { waitUntil } from '../../src/adapters/kubernetes/watching.ts';
import { Fault } from '../../src/domain/faults.ts';
import { clusterId, remoteNamespace } from '../../src/domain/ids.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import type { LinkedClusters, Side } from '../contracts/linked.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

export interface RealClusters extends LinkedClusters {
  readonly stack: RunningStack;
  readonly south: Kubernetes;
  readonly north: Kubernetes;
  /** The first under its administrator's kubeconfig. */
  readonly southOwner: Kubernetes;
}

/** Two clusters of the playground, which know nothing of each other: south buys, north sells, each under its node's account; what stands in them their owners see. */
export async function startClusters(): Promise<RealClusters> {
  const stack = await openStack({
    temporal: false,
    postgres: false,
    clusters: [
      { name: 'south', nodes: [{ name: 'south-worker-1', cpu: '4', memory: '8Gi' }] },
      { name: 'north', nodes: [{ name: 'north-worker-1', cpu: '8', memory: '32Gi' }] },
    ],
  });
  const opened = (kubeconfig: string): Kubernetes =>
    openKubernetes({ kubeconfig, loopbackSellers: true, resolve: resolveName, log: quiet });
  const [south, north] = ['south', 'north'].map((name) => opened(running(stack, name).nodeKubeconfigPath)) as [Kubernetes, Kubernetes];
  const southOwner = opened(running(stack, 'south').kubeconfigPath);
  const owners = [
    { name: 'south', cluster: southOwner },
    { name: 'north', cluster: opened(running(stack, 'north').kubeconfigPath) },
  ];
  const southApi = openApi(ownConnection({ kubeconfig: running(stack, 'south').kubeconfigPath }), quiet);
  const side = (name: string, { fabric, cluster }: Kubernetes): Side => ({ id: clusterId(name), fabric, cluster });
  const lines = async ({ name, cluster }: (typeof owners)[number]): Promise<readonly string[]> =>
    (await cluster.snapshot()).map(
      (entry) => `${name}: ${entry.kind} ${entry.namespace === undefined ? '' : `${entry.namespace}/`}${entry.name}`,
    );
  // Right after their start Kubernetes counts no kind of Liqo's yet, and tenants have no quota.
  const northApi = openApi(ownConnection({ kubeconfig: running(stack, 'north').kubeconfigPath }), quiet);
  for (const api of [southApi, northApi]) await waitFor('that Kubernetes counts', 90, () => isCounted(api));
  northApi.close();
  return {
    stack,
    south,
    north,
    southOwner,
    buyer: side('south', south),
    seller: side('north', north),
    timeoutMs: 120_000,
    world: south.world,
    endJob: ({ at, namespace, name, how }) =>
      at === 'home'
        ? endPods(running(stack, 'south'), { namespace, job: name, how })
        : endPods(running(stack, 'north'), { namespace: remoteNamespace(namespace, clusterId('south')), job: name, how }),
    async secretOf(secret) {
      const found = await southApi.get<SecretObject>(KINDS.secret, secret);
      return (
        found && Object.fromEntries(Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
      );
    },
    async objects() {
      return (await Promise.all(owners.map(lines))).flat().toSorted();
    },
    async close() {
      southApi.close();
      for (const { close } of [south, north, ...owners.map(({ cluster }) => cluster)]) close();
      await stack.stop();
    },
  };
}

/** Ends every pod of a Job as its kubelet would: kwok does so itself where the Job stands, and lets a pod that only its copy is run on. */
async function endPods(
  { kubeconfigPath }: RunningCluster,
  { namespace, job, how }: { readonly namespace: string; readonly job: string; readonly how: 'Complete' | 'Failed' },
): Promise<void> {
  const api = openApi(ownConnection({ kubeconfig: kubeconfigPath }), quiet);
  try {
    await waitUntil({
      api,
      looks: [{ kind: KINDS.pod, namespace, labels: `batch.kubernetes.io/job-name=${job}` }],
      async read([pods = []]) {
        const alive = (pods as readonly PodObject[]).filter(({ status }) => status?.phase === 'Running');
        for (const { metadata } of alive) {
          const path = pathOf(KINDS.pod, { namespace, name: metadata.name, sub: 'status' });
          const phase = how === 'Complete' ? 'Succeeded' : 'Failed';
          await api.raw('PATCH', path, { status: { phase } }, 'application/merge-patch+json');
        }
        return pods.length > 0 && (pods as readonly PodObject[]).every(({ status }) => /Succeeded|Failed/.test(status?.phase ?? ''))
          ? true
          : undefined;
      },
      wait: { timeoutMs: 60_000 },
      late: (last) => new Fault('STILL_THERE', `pods of ${job} do not end: ${last}`),
    });
  } finally {
    api.close();
  }
}

export function running({ clusters }: RunningStack, name: string): RunningCluster {
  const found = clusters[name];
  if (!found) throw new Error(`the stack has no cluster ${name}`);
  return found;
}
