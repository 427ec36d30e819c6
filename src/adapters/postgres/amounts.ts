import { nanos } from '../../domain/quantity.ts';
import { formatResource, RESOURCE_NAMES, type Resources } from '../../domain/resources.ts';
import type { Db } from './connect.ts';

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

const SUBSCRIPTS = RESOURCE_NAMES.map((_, index) => index + 1);
/** In SQL, for each resource the larger one: what there is, or what is promised as held and as sold. All are names of columns. */
export const orPromised = (sql: Db, amounts: string, held: string, sold: string) =>
  sql.unsafe(`array[${SUBSCRIPTS.map((n) => `greatest(${amounts}[${n}], ${held}[${n}] + ${sold}[${n}])`).join(', ')}]`);
/** In SQL, for each resource the smaller one: what was published, or what is listed and was sold of it. All are names of columns. */
export const atMostListed = (sql: Db, amounts: string, listed: string, sold: string) =>
  sql.unsafe(`array[${SUBSCRIPTS.map((n) => `least(${amounts}[${n}], ${listed}[${n}] + ${sold}[${n}])`).join(', ')}]`);
