import { parseAddress } from '../domain/address.ts';
import { healthz, readyz } from '../http/health.ts';
import { type Listener, listen } from '../http/listen.ts';
import type { Configuration } from './configuration.ts';
import { openLog } from './log.ts';
import { type OpenClusterParts, openParts } from './parts.ts';
import { openPeerTls } from './peer-tls.ts';
import { openReadiness } from './readiness.ts';
import { serve } from './serve.ts';
import { work } from './work.ts';

export type Role = 'serve' | 'work';

/**
 * Runs a node, or one of its two processes, until `signal` aborts; then stops listening, lets what is under way end, and closes everything. CONFIGURATION_INVALID when its schema
 * or namespace is another node's, or a file that it names cannot be used.
 */
export async function runNode(input: {
  readonly configuration: Configuration;
  readonly roles: readonly Role[];
  readonly version: string;
  /** The bundle of the workflows. */
  readonly bundle: string;
  readonly signal: AbortSignal;
  readonly openCluster: OpenClusterParts;
  /** Told when both listeners are open; ports are those that were taken. */
  readonly onListening?: (ports: { readonly rear: number; readonly api: number }) => void;
}): Promise<void> {
  const { configuration, roles, version, bundle, openCluster } = input;
  const log = openLog(configuration.log.level, configuration.node.id);
  const readiness = openReadiness(log);
  const stop = new AbortController();
  const signal = AbortSignal.any([input.signal, stop.signal]);
  log.info({ version, roles, domain: configuration.node.domain }, 'starting');
  const peerTls = await openPeerTls({ configuration, log, readiness, signal });
  const parts = openParts({ configuration, log, readiness, signal, openCluster, peerTls });
  let wrong: unknown;
  for (const part of [parts.store, parts.namespace]) {
    part.catch((error: unknown) => {
      if (signal.aborted) return;
      wrong = error;
      stop.abort();
    });
  }
  const stops: (() => Promise<void>)[] = [];
  try {
    if (roles.includes('serve')) {
      const running = await serve(parts, version);
      stops.push(() => running.stop());
      input.onListening?.(running.ports);
    } else if (configuration.work.healthListen !== undefined) {
      const health = await healthListener(configuration.work.healthListen, () => readiness.checks());
      stops.push(() => health.close(0));
    }
    if (roles.includes('work')) await work(parts, bundle);
    else await aborted(signal);
  } finally {
    readiness.stopping();
    stop.abort();
    log.info({}, 'stopping');
    await Promise.allSettled(stops.map((close) => close()));
    await parts.close();
    log.info({}, 'stopped');
  }
  if (wrong !== undefined) throw wrong;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function healthListener(at: string, checks: () => Promise<Parameters<typeof readyz>[0]>): Promise<Listener> {
  const { host, port } = parseAddress(at) ?? { host: '127.0.0.1', port: 0 };
  const fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === '/healthz') return healthz();
    return pathname === '/readyz' ? readyz(await checks(), 'all') : new Response(null, { status: 404 });
  };
  return await listen({ fetch, host, port, requestTimeoutMs: 10_000, maxConnections: 50 });
}
