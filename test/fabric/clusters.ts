import { type RunningCluster, type RunningStack, openStack } from '../../deploy/playground/stack.ts';
import { type Kubernetes, openKubernetes } from '../../src/adapters/kubernetes/open.ts';
import { clusterId } from '../../src/domain/ids.ts';
import { resolveName } from '../../src/runtime/resolve-name.ts';
import type { LinkedClusters, Side } from '../contracts/fabric.ts';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

export interface RealClusters extends LinkedClusters {
  readonly stack: RunningStack;
  readonly south: Kubernetes;
  readonly north: Kubernetes;
}

/** Two clusters of the playground, which know nothing of each other: south buys, north sells. */
export async function startClusters(): Promise<RealClusters> {
  const stack = await openStack({
    temporal: false,
    postgres: false,
    clusters: [
      { name: 'south', nodes: [{ name: 'south-worker-1', cpu: '4', memory: '8Gi' }] },
      { name: 'north', nodes: [{ name: 'north-worker-1', cpu: '8', memory: '32Gi' }] },
    ],
  });
  const opened = (name: string): Kubernetes =>
    openKubernetes({ kubeconfig: running(stack, name).kubeconfigPath, loopbackSellers: true, resolve: resolveName, log: quiet });
  const [south, north] = [opened('south'), opened('north')];
  const side = (name: string, { fabric, cluster }: Kubernetes): Side => ({ id: clusterId(name), fabric, cluster });
  const lines = async (name: string, { snapshot }: Kubernetes): Promise<readonly string[]> =>
    (await snapshot()).map((entry) => `${name}: ${entry.kind} ${entry.namespace === undefined ? '' : `${entry.namespace}/`}${entry.name}`);
  return {
    stack,
    south,
    north,
    buyer: side('south', south),
    seller: side('north', north),
    timeoutMs: 120_000,
    async objects() {
      return [...(await lines('south', south)), ...(await lines('north', north))].toSorted();
    },
    async close() {
      south.close();
      north.close();
      await stack.stop();
    },
  };
}

export function running({ clusters }: RunningStack, name: string): RunningCluster {
  const found = clusters[name];
  if (!found) throw new Error(`the stack has no cluster ${name}`);
  return found;
}
