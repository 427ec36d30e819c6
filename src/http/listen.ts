import type { Server } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';

/** A listener that runs. */
export interface Listener {
  /** The port that was taken, when 0 was asked for. */
  readonly port: number;
  /** Takes no more calls, lets those under way end for `graceMs`, then cuts them off. */
  close(graceMs: number): Promise<void>;
}

export type Fetch = (request: Request, bindings: HttpBindings) => Response | Promise<Response>;

/** Listens for HTTP. Headers and body of a request have `requestTimeoutMs` to arrive: who trickles is cut off. */
export async function listen(input: {
  readonly fetch: Fetch;
  readonly host: string;
  readonly port: number;
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
}): Promise<Listener> {
  const { fetch, host, port, requestTimeoutMs, maxConnections } = input;
  const server = createAdaptorServer({
    fetch: fetch as never,
    serverOptions: {
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
