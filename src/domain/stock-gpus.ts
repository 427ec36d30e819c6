import { type GpuKind, gpuMemory } from './gpu.ts';
import type { ClusterNode } from './stock.ts';

/**
 * A node with those of its extended resources that are sold as GPUs among its amounts: the first kind that it has. Without a label for their model they are not sold: while it is missing for a moment, what was sold
 * by the model would be sold again without.
 */
export function withGpus(node: ClusterNode, kinds: readonly GpuKind[]): ClusterNode {
  const kind = kinds.find(({ resource }) => node.extended[resource] !== undefined);
  const amounts = kind && node.extended[kind.resource];
  const model = kind && node.labels[kind.model];
  if (!kind || !amounts || !model) return node;
  return {
    ...node,
    allocatable: { ...node.allocatable, gpu: amounts.allocatable },
    own: { ...node.own, gpu: amounts.own },
    gpus: {
      resource: kind.resource,
      label: kind.model,
      model,
      memory: gpuMemory(node.labels[kind.memory]),
    },
  };
}
