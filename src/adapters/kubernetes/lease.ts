import { randomUUID } from 'node:crypto';
import { isFault } from '../../domain/faults.ts';
import { OWN_NAMESPACE } from '../../domain/ids.ts';
import type { Api } from './api.ts';
import { type Log, faultOf, isRefused } from './faults.ts';
import { KINDS, pathOf } from './kinds.ts';
import { managed } from './labels.ts';
import type { LeaseObject } from './objects.ts';
import { rest } from './following.ts';

/** Kubernetes' own components use the same three: how long a silent holder is believed, how often it renews, how often others look. */
const HELD_S = 15;
const RENEW_MS = 5_000;
const LOOK_MS = 2_000;

const microTime = (): string => new Date().toISOString().replace('Z', '000Z');

/**
 * Does `work` while we hold a Lease that one process holds at a time; `work`'s signal aborts when it is lost or `signal` aborts. Others' clocks are not
 * trusted: a holder is dead when its lease did not change for its whole length, by our own clock. Returns when `work` ends.
 */
async function holding(input: {
  readonly api: Api;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly work: (signal: AbortSignal) => Promise<void>;
}): Promise<void> {
  const { api, name, signal, log, work } = input;
  const me = randomUUID();
  const path = pathOf(KINDS.lease, { namespace: OWN_NAMESPACE, name });
  const object = (holder: string, resourceVersion?: string): object => ({
    apiVersion: KINDS.lease.apiVersion,
    kind: KINDS.lease.kind,
    metadata: { name, namespace: OWN_NAMESPACE, labels: managed, ...(resourceVersion !== undefined && { resourceVersion }) },
    spec: { holderIdentity: holder, leaseDurationSeconds: HELD_S, renewTime: microTime() },
  });
  /** `false` when somebody else was faster. */
  const write = async (holder: string, before: LeaseObject | undefined): Promise<boolean> => {
    try {
      if (before) await api.raw('PUT', path, object(holder, before.metadata.resourceVersion));
      else await api.raw('POST', pathOf(KINDS.lease, { namespace: OWN_NAMESPACE }), object(holder));
      return true;
    } catch (error) {
      if (isRefused(error, 409, 404)) return false;
      throw faultOf(error, `lease ${name}`);
    }
  };
  const read = (): Promise<LeaseObject | undefined> => api.get<LeaseObject>(KINDS.lease, { namespace: OWN_NAMESPACE, name });

  let seen = { version: '', at: Date.now() };
  while (!signal.aborted) {
    const lease = await read();
    const version = lease?.metadata.resourceVersion ?? '';
    if (version !== seen.version) seen = { version, at: Date.now() };
    const silentMs = (lease?.spec?.leaseDurationSeconds ?? HELD_S) * 1000;
    const free = !lease?.spec?.holderIdentity || Date.now() - seen.at > silentMs;
    if (free && (await write(me, lease))) break;
    await rest(LOOK_MS, signal);
  }
  if (signal.aborted) return;

  const ours = new AbortController();
  const stop = (): void => ours.abort();
  signal.addEventListener('abort', stop, { once: true });
  const renewing = (async () => {
    let renewed = Date.now();
    while (!ours.signal.aborted) {
      await rest(RENEW_MS, ours.signal);
      if (ours.signal.aborted) return;
      try {
        const lease = await read();
        if (lease?.spec?.holderIdentity !== me || !(await write(me, lease))) {
          log.warn({ lease: name }, 'another process holds the lease now');
          return stop();
        }
        renewed = Date.now();
      } catch (error) {
        if (!isFault(error)) throw error;
        if (Date.now() - renewed > (HELD_S * 1000 * 2) / 3) return stop();
      }
    }
  })();
  try {
    await work(ours.signal);
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
    await renewing;
    // Given back, the next one need not wait until it runs out.
    const lease = await read().catch(() => undefined);
    if (lease?.spec?.holderIdentity === me) await write('', lease).catch(() => false);
  }
}

const AGAIN_MS = 1_000;

/** Holds a Lease as {@link holding} does, again and again until `signal` aborts, also when the API server is away in between. */
export async function keepHolding(input: Parameters<typeof holding>[0]): Promise<void> {
  while (!input.signal.aborted) {
    try {
      await holding(input);
    } catch (error) {
      if (!isFault(error) || error.code !== 'CLUSTER_UNREACHABLE') throw error;
      await rest(AGAIN_MS, input.signal);
    }
  }
}
