import { randomBytes } from 'node:crypto';
import { canonicalAddress, parseAddress } from '../domain/address.ts';
import type { MaySell } from '../domain/enforcement.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import { transactionId } from '../domain/ids.ts';
import { managementApi } from '../http/api/app.ts';
import { countedAttempts } from '../http/api/attempts.ts';
import { admit, lacks } from '../http/api/authentication.ts';
import { unavailable } from '../http/api/problem.ts';
import { type Told, healthz, readyz } from '../http/health.ts';
import { type Fetch, type Listener, type ServerTls, listen } from '../http/listen.ts';
import { remoteAddress } from '../http/request-log.ts';
import { isLoopback } from '../http/rear/callback.ts';
import { rearRoutes } from '../http/rear/routes.ts';
import { openCallers } from './callers.ts';
import { blueprintSales } from './blueprint-sales.ts';
import { blueprintsOf, publishBlueprints } from './blueprints.ts';
import { publishFlavors } from './flavors.ts';
import { type Parts, buyerLimits, callsLoopback, trustOf } from './parts.ts';
import { keepMakeable } from './makeable-blueprints.ts';
import { openServerTls } from './tls-files.ts';

/** Far below what it takes a buyer to read a list; it bounds what lists cost the store, however many are asked for. */
const LIST_AGE_MS = 50;

/** What runs, and how to stop it. */
export interface Running {
  readonly ports: { readonly rear: number; readonly api: number };
  /** Resolves when everything under way has ended, or was cut off. */
  stop(): Promise<void>;
}

/**
 * `rearguard serve`: two listeners, at once; what they need may still be away, and as long as it is they say 503. Publishes the configured flavors and known nodes
 * as soon as it can. CONFIGURATION_INVALID when a file of tokens or certificates cannot be used.
 */
export async function serve(parts: Parts, version: string): Promise<Running> {
  const { configuration, log, readiness, signal } = parts;
  const { rear, api } = configuration;
  const handlers: { rear?: Fetch; api?: Fetch } = {};
  let self: NodeIdentity | undefined;

  const callers = await openCallers(parts);
  if (!callers.open && !isLoopback(api.listen) && api.tls === undefined)
    readiness.say('api in clear', 'tokens travel in clear to it, unless something in front of it speaks TLS: api.tls');

  const attempts = countedAttempts(parts.clock.now);
  /** Words are for whoever may read the rest of the management API. */
  const toldTo: (...asked: Parameters<Fetch>) => Promise<Told> = async ({ headers }, env) => {
    const asked = { authorization: headers.get('authorization') ?? undefined, source: remoteAddress({ env }) };
    const admission = await admit(asked, { callers, attempts });
    return 'caller' in admission && !lacks(admission.caller, 'viewer') ? 'all' : 'names';
  };
  const health = async (request: Request, told: () => Promise<Told>): Promise<Response | undefined> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const { pathname } = new URL(request.url);
    if (pathname === '/healthz') return healthz();
    return pathname === '/readyz' ? readyz(await readiness.checks(), await told()) : undefined;
  };
  const bind = async (name: 'rear' | 'api', requestTimeoutMs: number): Promise<Listener> => {
    const { listen: at, maxConnections, tls: files } = configuration[name];
    const { host, port } = parseAddress(at) ?? { host: '127.0.0.1', port: 0 };
    let open: Listener | undefined;
    let newest: ServerTls | undefined;
    const changed = (now: ServerTls): void => {
      newest = now;
      open?.renew(now);
    };
    const tls = files && (await openServerTls(`${name}.tls`, files, { log, readiness, signal, changed }));
    const fetch: Fetch = async (request, bindings) => {
      const answer = await health(request, name === 'rear' ? async () => 'nothing' : () => toldTo(request, bindings));
      if (answer) return answer;
      const handler = handlers[name];
      return handler ? await handler(request, bindings) : name === 'api' ? unavailable(request) : new Response(null, { status: 503 });
    };
    open = await listen({ fetch, host, port, requestTimeoutMs, maxConnections, ...(tls && { tls }) });
    // What came while the port was being taken.
    if (newest !== undefined) open.renew(newest);
    log.info({ listener: name, host, port: open.port, tls: tls !== undefined }, 'listening');
    return open;
  };
  const bodyTimeoutMs = rear.bodyTimeoutSeconds * 1_000;
  const rearListener = await bind('rear', bodyTimeoutMs);
  const apiListener = await bind('api', 30_000).catch(async (error: unknown) => {
    await rearListener.close(0);
    throw error;
  });

  const open = async (): Promise<void> => {
    const store = await parts.store;
    const { inventory, keptBlueprints, contracts, candidates, intents, knownNodes, knownSigners, audit, chain } = store;
    const { processes, clock } = parts;
    const { limitsOf } = buyerLimits(configuration);
    const loopbackOnly = isLoopback(api.listen);
    const sales = blueprintSales({ configuration, inventory, kept: keptBlueprints });
    const deps = {
      processes,
      inventory,
      blueprints: sales,
      contracts,
      candidates,
      intents,
      knownNodes,
      audit,
      chain,
      limitsOf,
      signer: parts.signer,
      clock,
      stopping: signal,
      bodyLimitBytes: api.bodyLimitBytes,
    };
    const management = managementApi(deps, { log, version, loopbackOnly, callers, attempts });
    handlers.api = (request, bindings) => management.fetch(request, bindings);
    const routes = rearRoutes(
      {
        inventory,
        contracts,
        processes,
        fabric: parts.cluster.fabric,
        hosting: parts.cluster.hosting,
        signer: parts.signer,
        peerKeys: parts.peerKeys,
        notary: parts.notary,
        knownSigners,
        audit,
        clock,
      },
      {
        self: () => self,
        blueprints: blueprintsOf(configuration, keptBlueprints),
        newTransaction: () => transactionId(`${randomBytes(16).toString('hex')}-${process.hrtime.bigint()}`),
        holdMs: rear.holdSeconds * 1_000,
        legacyHoldMs: rear.legacyHoldSeconds * 1_000,
        legacyBuyers: rear.legacyBuyers,
        ...trustOf(configuration),
        authorities: configuration.identity.authorities,
        loopbackBuyers: callsLoopback(configuration),
        limitsOf,
        listMost: rear.listMost,
        listAgeMs: LIST_AGE_MS,
        listAtOnce: true,
        requestsPerSecond: rear.requestsPerSecond,
        bodyLimitBytes: rear.bodyLimitBytes,
        bodyTimeoutMs,
        purchaseWaitMs: rear.purchaseWaitSeconds * 1_000,
        credentialsLifetimeMs: rear.credentialsHours * 3_600_000,
        log,
      },
    );
    handlers.rear = (request, bindings) => routes.fetch(request, bindings);
    await readiness.keepTrying(
      'known nodes',
      () => knownNodes.configure(configuration.knownNodes.map(({ address }) => canonicalAddress(address))),
      signal,
    );
    const known = await parts.self;
    self = known;
    const { flavors } = configuration;
    const publish = { self: known, inventory, log };
    const offer = async (found?: MaySell): Promise<void> =>
      await publishFlavors({ ...publish, flavors: found?.sells ? flavors : [], now: clock.now() });
    const found = flavors.length > 0 ? await parts.selling.now() : undefined;
    await readiness.keepTrying('flavors', () => offer(found), signal);
    const { blueprints } = configuration;
    const { following } = await keepMakeable({
      blueprints,
      kinds: parts.cluster.kinds,
      async publish(makeable) {
        const refused = await publishBlueprints({ ...publish, now: clock.now(), kept: keptBlueprints, ...makeable });
        sales.found({ lacking: makeable.lacking, refused });
      },
      readiness,
      log,
      signal,
    });
    await Promise.all([following, found && parts.selling.each(offer, found)]);
  };
  const opened = open().catch((error: unknown) => {
    if (!signal.aborted) log.error({ why: error instanceof Error ? error.message : String(error) }, 'the node cannot serve');
  });

  return {
    ports: { rear: rearListener.port, api: apiListener.port },
    async stop() {
      const graceMs = configuration.shutdownSeconds * 1_000;
      await Promise.all([rearListener.close(graceMs), apiListener.close(graceMs)]);
      await opened;
    },
  };
}
