import type { Server } from 'node:http';
import https from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';

/** A listener that runs. */
export interface Listener {
  /** The port that was taken, when 0 was asked for. */
  readonly port: number;
  /** Serves new connections with other certificates; those that are open go on. Throws when they cannot be used. For a TLS listener. */
  renew(tls: ServerTls): void;
  /** Takes no more calls, lets those under way end for `graceMs`, then cuts them off. */
  close(graceMs: number): Promise<void>;
}

/** What a TLS listener shows, and whom it lets in: PEM. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** When there is one, only clients with a certificate of these authorities are let in. */
  readonly clientCa?: string;
}

/** As Node's TLS takes it; nothing older than TLS 1.2. */
const contextOf = ({ cert, key, clientCa }: ServerTls): SecureContextOptions => ({
  cert,
  key,
  minVersion: 'TLSv1.2',
  ...(clientCa !== undefined && { ca: clientCa }),
});

export type Fetch = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/** Listens for HTTP, or for HTTPS with `tls`. The handshake, and then headers and body of a request have `requestTimeoutMs` to arrive: who trickles is cut off. */
export async function listen(input: {
  readonly fetch: Fetch;
  readonly host: string;
  readonly port: number;
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly tls?: ServerTls;
}): Promise<Listener> {
  const { fetch, host, port, requestTimeoutMs, maxConnections, tls } = input;
  const demands = tls?.clientCa !== undefined;
  const server = createAdaptorServer({
    fetch: fetch as never,
    ...(tls && { createServer: https.createServer as never }),
    serverOptions: {
      ...(tls && { ...contextOf(tls), requestCert: demands, rejectUnauthorized: demands, handshakeTimeout: requestTimeoutMs }),
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Node looks for late requests so often only; 30 s by itself.
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
    },
  }) as Server;
  server.maxConnections = maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    renew(material) {
      if ('setSecureContext' in server) (server as https.Server).setSecureContext(contextOf(material));
    },
    async close(graceMs) {
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(cut);
    },
  };
}
