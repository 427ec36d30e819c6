import { type Resources, canonicalResources } from '../../src/domain/resources.ts';
import type { ClusterNode } from '../../src/domain/stock.ts';
import type { LocalResources } from '../../src/ports/local-resources.ts';

/** A worker of 10 CPU, 20 Gi and 100 pods on which nothing of ours runs. */
export const workerOf = (name: string, change: Partial<ClusterNode> = {}): ClusterNode => ({
  name,
  annotations: {},
  allocatable: { cpu: '10', memory: '20Gi', pods: '100' },
  own: { cpu: '0', memory: '0', pods: '0' },
  extended: {},
  ready: true,
  cordoned: false,
  tainted: false,
  ...change,
  labels: { 'kubernetes.io/arch': 'amd64', 'node-role.fluidos.eu/resources': 'true', ...change.labels },
});

/** Such a worker with GPUs, of 40 GiB each unless told otherwise. */
export const gpuNode = (
  name: string,
  count: number,
  {
    own = 0,
    model = 'A100',
    memory = '40960',
    ...change
  }: Partial<Omit<ClusterNode, 'own'>> & { own?: number; model?: string; memory?: string } = {},
): ClusterNode =>
  workerOf(name, {
    ...change,
    labels: { 'nvidia.com/gpu.product': model, 'nvidia.com/gpu.memory': memory, ...change.labels },
    extended: { 'nvidia.com/gpu': { allocatable: `${count}`, own: `${own}` } },
  });

export const sized = (cores: number): Resources => canonicalResources({ cpu: `${cores}`, memory: `${cores * 2}Gi`, pods: `${cores * 10}` });

/** Nodes that a test shows; each showing is told at once. Answers what the sink said, when it is through. */
export function shownNodes() {
  type Sink = Parameters<LocalResources['watch']>[0];
  let sink: Sink | undefined;
  let told = false;
  let watches: () => void = () => undefined;
  const watched = new Promise<void>((resolve) => {
    watches = resolve;
  });
  const localResources: LocalResources = {
    async watch(given, signal) {
      sink = given;
      told = false;
      watches();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
  return {
    localResources,
    async show(...nodes: readonly ClusterNode[]): Promise<{ readonly againMs?: number } | undefined> {
      await watched;
      const anew = !told;
      told = true;
      return await sink?.(nodes, anew);
    },
  };
}
