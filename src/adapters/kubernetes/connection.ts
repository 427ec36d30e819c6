import fs from 'node:fs';
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http';
import { Agent, type RequestOptions, request as tlsRequest } from 'node:https';
import { type SecureContext, createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { Fault } from '../../domain/faults.ts';
import type { NameRules } from '../../domain/forbidden-addresses.ts';
import { guardedLookup, refuseHost } from './addresses.ts';
import { type Bounds, FOREIGN_BOUNDS, OWN_BOUNDS } from './bounds.ts';
import { ownKubeconfig } from './own-kubeconfig.ts';

/** How an API server is reached: its address, and what a request must carry. */
export interface Connection {
  readonly server: URL;
  /** PEM of the authorities that the server is known by; absent when the system's own do. */
  readonly ca?: string;
  /** What its answers may cost us. */
  readonly bounds: Bounds;
  /** `held`: for a request that keeps its connection, such as a watch. It must not take one that others would find open. */
  options(how?: { readonly held: boolean }): Promise<RequestOptions>;
  close(): void;
}

/** Our own cluster, as {@link ownKubeconfig} finds it, with its faults. Whatever a kubeconfig of ours says of plugins and proxies holds. */
export function ownConnection(named: { readonly kubeconfig?: string; readonly context?: string }): Connection {
  const config = ownKubeconfig(named);
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Fault('CLUSTER_REFUSED', 'the kubeconfig names no cluster');
  // Plain HTTP is what `kubectl proxy` speaks; the library takes it only when the kubeconfig says `insecure-skip-tls-verify` too.
  const plain = new URL(cluster.server).protocol === 'http:';
  const agent = plain ? new PlainAgent({ keepAlive: true }) : new Agent({ keepAlive: true, scheduling: 'lifo' });
  const heldBy = plain ? new PlainAgent() : new Agent();
  // Each watch has a connection of its own, and reading the same certificates anew is a third of what it costs to open.
  let read: { readonly of: readonly unknown[]; readonly context: SecureContext } | undefined;
  const authority: Connection['options'] = async ({ held } = { held: false }) => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    // The library's agent opens a connection per request; only a proxy needs it.
    if (cluster.proxyUrl) return options;
    const { ca, cert, key, pfx, passphrase } = options;
    const of = [ca, cert, key, pfx, passphrase];
    if (!isDeepStrictEqual(read?.of, of)) read = { of, context: createSecureContext({ ca, cert, key, pfx, passphrase }) };
    return { ...options, agent: held ? heldBy : agent, secureContext: read?.context } as RequestOptions;
  };
  const ca = cluster.caData
    ? Buffer.from(cluster.caData, 'base64').toString('utf8')
    : cluster.caFile && fs.existsSync(cluster.caFile)
      ? fs.readFileSync(cluster.caFile, 'utf8')
      : undefined;
  return {
    server: new URL(cluster.server),
    ...(ca !== undefined && { ca }),
    bounds: OWN_BOUNDS,
    options: authority,
    close() {
      agent.destroy();
      heldBy.destroy();
    },
  };
}

/** What a kubeconfig from outside comes down to: no plugins, no files, no proxies. */
export interface Access {
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Somebody else's API server: reached with this access only, where `rules` let us go, and believed within `bounds`. KUBECONFIG_REFUSED for an address elsewhere. */
export function foreignConnection(
  { server, ca, token, certificate }: Access,
  rules: NameRules | 'anywhere',
  { bounds = FOREIGN_BOUNDS }: { readonly bounds?: Bounds } = {},
): Connection {
  if (rules !== 'anywhere') refuseHost(server, rules);
  const agent = new Agent({ keepAlive: true, ...(rules !== 'anywhere' && { lookup: guardedLookup(rules) }) });
  return {
    server: new URL(server),
    ...(ca !== undefined && { ca }),
    bounds,
    options: async () => ({
      agent,
      ...(ca !== undefined && { ca }),
      ...certificate,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    }),
    close: () => agent.destroy(),
  };
}

export interface Outgoing {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly type?: string;
  readonly signal?: AbortSignal;
  /** Silence that ends it, in milliseconds. */
  readonly silenceMs: number;
  /** It keeps its connection. */
  readonly held?: boolean;
}

/** Sends one request; answers with the response, whose body is still to be read. Rejects with the socket's error. */
export async function open(
  connection: Connection,
  { method, path, body, type, signal, silenceMs, held = false }: Outgoing,
): Promise<IncomingMessage> {
  const options = await connection.options({ held });
  const { server } = connection;
  const headers = {
    ...options.headers,
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': type ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
  };
  const prefix = server.pathname.replace(/\/$/, '');
  const port = server.port === '' ? (server.protocol === 'http:' ? 80 : 443) : Number(server.port);
  const host = server.hostname.replace(/^\[|\]$/g, '');
  const send = server.protocol === 'http:' ? plainRequest : tlsRequest;
  return await new Promise((resolve, reject) => {
    const request = send({ ...options, host, port, method, path: prefix + path, headers, ...(signal && { signal }) }, resolve);
    request.setTimeout(silenceMs, () => request.destroy(new Error(`no answer within ${silenceMs} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}
