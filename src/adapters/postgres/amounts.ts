import { nanos } from '../../domain/quantity.ts';
import { formatResource, RESOURCE_NAMES, type Resources } from '../../domain/resources.ts';

/** What the SQL domain `amounts` holds, as Postgres writes arrays: nano-units in the order of RESOURCE_NAMES. */
export type Amounts = string;

export const toAmounts = (resources: Resources): Amounts => `{${RESOURCE_NAMES.map((name) => nanos(resources[name] ?? '0')).join(',')}}`;

/** Reads amounts back in canonical spelling; storage and GPUs only where `like` has it, so that nothing that was never offered appears. */
export function fromAmounts(amounts: Amounts, like: Resources): Resources {
  const [cpu = 0n, memory = 0n, pods = 0n, storage = 0n, gpu = 0n] = amounts.slice(1, -1).split(',').map(BigInt);
  return {
    cpu: formatResource('cpu', cpu),
    memory: formatResource('memory', memory),
    pods: formatResource('pods', pods),
    ...(like.storage !== undefined && { storage: formatResource('storage', storage) }),
    ...(like.gpu !== undefined && { gpu: formatResource('gpu', gpu) }),
  };
}
