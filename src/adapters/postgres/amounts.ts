import { formatQuantity, nanos } from '../../domain/quantity.ts';
import { canonicalResources, RESOURCE_NAMES, type Resources } from '../../domain/resources.ts';

/** What the SQL domain `amounts` holds, as Postgres writes arrays: nano-units in the order of RESOURCE_NAMES. */
export type Amounts = string;

export const toAmounts = (resources: Resources): Amounts => `{${RESOURCE_NAMES.map((name) => nanos(resources[name] ?? '0')).join(',')}}`;

/** Reads amounts back in canonical spelling; storage and GPUs only where `like` has it, so that nothing that was never offered appears. */
export function fromAmounts(amounts: Amounts, like: Resources): Resources {
  const [cpu = 0n, memory = 0n, pods = 0n, storage = 0n, gpu = 0n] = amounts.slice(1, -1).split(',').map(BigInt);
  const read = { cpu: formatQuantity(cpu), memory: formatQuantity(memory), pods: formatQuantity(pods) };
  return canonicalResources({
    ...read,
    ...(like.storage !== undefined && { storage: formatQuantity(storage) }),
    ...(like.gpu !== undefined && { gpu: formatQuantity(gpu) }),
  });
}
