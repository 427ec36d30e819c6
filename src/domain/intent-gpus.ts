import type { GpuWish } from './gpu.ts';
import type { IntentResources } from './intent-schema.ts';
import { formatQuantity, nanos } from './quantity.ts';
import type { WorkloadManifest } from './workload-schema.ts';
import { gpusOf } from './workload.ts';
import type { WrongField } from './wrong-fields.ts';

/** The GPUs of an intent in lowest terms; nothing when it wants none. */
export interface WantedGpus {
  readonly problems: readonly WrongField[];
  readonly count?: string;
  readonly wish?: GpuWish;
}

/** How many GPUs an intent takes and what they have to be, from its resources section and from what the pods of its manifests ask for. */
export function reduceGpus(section: IntentResources['gpu'], manifests: readonly WorkloadManifest[]): WantedGpus {
  const needs = [...gpusOf(manifests, section?.resource)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const [need] = needs;
  if (!section && !need) return { problems: [] };
  const wrong = (field: string, problem: string): WantedGpus => ({ problems: [{ field, problem }] });
  if (needs.length > 1) {
    const names = needs.map(([name]) => name).join(' and ');
    return wrong('spec.workload.manifests', `must ask for GPUs of one resource, and they ask for ${names}`);
  }
  if (section?.resource !== undefined && need && need[0] !== section.resource)
    return wrong('spec.resources.gpu.resource', `must be ${need[0]}: that is what the pods of the manifests ask for`);
  const asked = need ? formatQuantity(need[1]) : undefined;
  const count = section?.count === undefined ? asked : String(section.count);
  if (count === undefined) return wrong('spec.resources.gpu.count', 'is missing: no pod of the manifests asks for GPUs');
  if (asked !== undefined && nanos(count) < nanos(asked))
    return wrong('spec.resources.gpu.count', `must be at least ${asked}: that is what the pods of the manifests ask for together`);
  const resource = need?.[0] ?? section?.resource;
  const wish: GpuWish = {
    ...(resource !== undefined && { resource }),
    ...(section?.model !== undefined && { model: section.model }),
    ...(section?.memory !== undefined && { memory: String(section.memory) }),
  };
  return { problems: [], count, wish };
}
