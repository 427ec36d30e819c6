import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

import { dataConverter } from './codec.ts';

/** Where a node's Temporal is. */
export interface TemporalAddress {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly tls?: boolean;
  readonly apiKey?: string;
  /** Encrypts what goes there; base64. */
  readonly payloadKeys?: readonly string[];
}

/** The words this adapter logs with; pino's logger fits. */
export interface Log {
  debug(facts: object, words: string): void;
  info(facts: object, words: string): void;
  warn(facts: object, words: string): void;
}

export interface TemporalClient {
  readonly client: Client;
  readonly connection: Connection;
  /** A deadline for everything that is called within. */
  within<T>(milliseconds: number, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** How long the SDK pauses at most between two tries of a call. */
const LONGEST_RETRY_PAUSE_MS = 1_000;

/** Connects at the first call, so that a node starts while its Temporal is away, and again whenever the connection was lost. */
export function temporalClient({ address, namespace, tls, apiKey, payloadKeys = [] }: TemporalAddress): TemporalClient {
  let closing = false;
  const underWay = new Set<Promise<unknown>>();
  const retries = defaultGrpcRetryOptions({ maxIntervalMs: () => LONGEST_RETRY_PAUSE_MS });
  const connection = Connection.lazy({
    address,
    interceptors: [
      makeGrpcRetryInterceptor({
        ...retries,
        retryableDecider: (attempt, status) => !closing && retries.retryableDecider(attempt, status),
      }),
    ],
    ...((tls ?? false) && { tls: true }),
    ...(apiKey !== undefined && { apiKey, tls: true }),
  });
  const client = new Client({ connection, namespace, dataConverter: dataConverter(payloadKeys) });
  return {
    client,
    connection,
    async within(milliseconds, work) {
      const call = connection.withDeadline(Date.now() + milliseconds, work);
      underWay.add(call);
      try {
        return await call;
      } finally {
        underWay.delete(call);
      }
    },
    /** Waits for calls under way: the SDK repeats them by timers, and one that fires after the channel is closed ends the process. */
    async close() {
      closing = true;
      await Promise.allSettled(underWay);
      await connection.close();
    },
  };
}
