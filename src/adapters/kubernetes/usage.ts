import { isFault } from '../../domain/faults.ts';
import { parseQuantity } from '../../domain/quantity.ts';
import { formatResource } from '../../domain/resources.ts';
import type { Used } from '../../domain/stock.ts';
import type { Api } from './api.ts';
import type { Log } from './faults.ts';
import { KINDS } from './kinds.ts';
import type { Amounts, KubeObject, Metadata } from './objects.ts';
import { rest } from './following.ts';

/** Nano-units. */
export interface Measured {
  readonly cpu: bigint;
  readonly memory: bigint;
}
/** What each pod uses, by {@link podKey}. */
export type Usage = ReadonlyMap<string, Measured>;

interface PodMetricsObject extends KubeObject {
  readonly containers?: readonly { readonly usage?: Amounts }[];
}

/** Usage moves all the time: what is offered moves by tenths of a core and by 64 MiB. */
const GRAIN = { cpu: 10n ** 8n, memory: 2n ** 26n * 10n ** 9n } as const;
const NONE: Measured = { cpu: 0n, memory: 0n };

export const podKey = ({ namespace = '', name }: Metadata): string => `${namespace}/${name}`;
export const sumOf = (a: Measured = NONE, b: Measured = NONE): Measured => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory });
const roundedUp = (value: bigint, grain: bigint): bigint => ((value + grain - 1n) / grain) * grain;
export const inGrains = (measured: Measured = NONE): Used => ({
  cpu: formatResource('cpu', roundedUp(measured.cpu, GRAIN.cpu)),
  memory: formatResource('memory', roundedUp(measured.memory, GRAIN.memory)),
});

const amount = (usage: Amounts | undefined, name: 'cpu' | 'memory'): bigint => {
  const value = parseQuantity(String(usage?.[name] ?? '0')) ?? 0n;
  return value < 0n ? 0n : value;
};
const usageOf = (items: readonly PodMetricsObject[]): Usage =>
  new Map(
    items.map(({ metadata, containers = [] }) => [
      podKey(metadata),
      containers.map(({ usage }) => ({ cpu: amount(usage, 'cpu'), memory: amount(usage, 'memory') })).reduce(sumOf, NONE),
    ]),
  );

/**
 * Asks every `everyMs` what pods use, until `signal` aborts: metrics have no watch. Where nobody measures (404) it says `undefined`, once; while those who measure are away, what they said last counts.
 */
export async function readUsage(
  { api, log, everyMs, signal }: { readonly api: Api; readonly log: Log; readonly everyMs: number; readonly signal: AbortSignal },
  learn: (usage: Usage | undefined) => void,
): Promise<void> {
  let known = false;
  let trouble = '';
  while (!signal.aborted) {
    try {
      const { items } = await api.list<PodMetricsObject>(KINDS.podMetrics);
      known = true;
      trouble = '';
      learn(usageOf(items));
    } catch (error) {
      if (!isFault(error)) throw error;
      const absent = error.facts['status'] === 404;
      if (!absent && trouble !== error.message) log.warn({ code: error.code, why: error.message }, 'what pods use cannot be read');
      trouble = error.message;
      if (absent && known) learn(undefined);
      known &&= !absent;
    }
    await rest(everyMs, signal);
  }
}
