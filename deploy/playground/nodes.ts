import { codeOf, type KubernetesClient, type KubernetesObject } from './kubernetes-client.ts';
import { waitFor } from './wait.ts';

/** A worker node of a playground cluster: what its owner could sell. */
export interface NodeSpec {
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';

interface NodePlace {
  readonly address: string;
  readonly taints?: readonly object[];
}

/** Both addresses are needed: kwok drops the list of a node that has only one when it initialises that node again. */
const manifest = ({ name, cpu, memory, labels }: NodeSpec, { address, taints }: NodePlace): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name,
    annotations: { 'kwok.x-k8s.io/node': 'fake', 'metrics.k8s.io/resource-metrics-path': `/metrics/nodes/${name}/metrics/resource` },
    labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64', ...labels },
  },
  ...(taints ? { spec: { taints } } : {}),
  status: {
    capacity: { cpu, memory, pods: '110' },
    allocatable: { cpu, memory, pods: '110' },
    addresses: [
      { type: 'InternalIP', address },
      { type: 'Hostname', address: name },
    ],
  },
});

async function add(client: KubernetesClient, node: KubernetesObject): Promise<void> {
  await client.request('POST', '/api/v1/nodes', node).catch((fault: unknown) => {
    if (codeOf(fault) !== 409) throw fault;
  });
  // capacity goes through the status alone; without it kwok offers 1000 CPUs
  await client.request('PATCH', `/api/v1/nodes/${node.metadata.name}/status`, { status: node['status'] }, 'application/merge-patch+json');
}

/**
 * Adds the nodes of a cluster: a control plane that takes no pods, with an address of its own out of the block for documentation (192.0.2.0/24),
 * and the workers, whose region is the cluster's name unless a label says otherwise.
 */
export async function addNodes(client: KubernetesClient, cluster: string, index: number, workers: readonly NodeSpec[]): Promise<void> {
  const controlPlane: NodeSpec = {
    name: `${cluster}-control-plane`,
    cpu: '2',
    memory: '4Gi',
    labels: { [CONTROL_PLANE]: '', 'topology.kubernetes.io/region': cluster },
  };
  await add(client, manifest(controlPlane, { address: `192.0.2.${10 + index}`, taints: [{ key: CONTROL_PLANE, effect: 'NoSchedule' }] }));
  for (const worker of workers)
    await add(
      client,
      manifest({ ...worker, labels: { 'topology.kubernetes.io/region': cluster, ...worker.labels } }, { address: '127.0.0.1' }),
    );
}

interface NodeStatus {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastHeartbeatTime?: string }[];
  };
}

/** Waits until the simulated nodes are Ready; virtual nodes are Liqo's matter. */
export async function waitForNodes(client: KubernetesClient, cluster: string, seconds: number): Promise<void> {
  await waitFor(`${cluster}: nodes Ready`, seconds, async () => {
    const { items } = await client.request<{ items: readonly NodeStatus[] }>('GET', '/api/v1/nodes');
    const ours = items.filter(({ metadata }) => metadata.annotations?.['kwok.x-k8s.io/node']);
    return (
      ours.length > 0 && ours.every(({ status }) => status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'))
    );
  });
}
