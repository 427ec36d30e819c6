import { Client, Connection } from '@temporalio/client';

/** Where a node's Temporal is. */
export interface TemporalAddress {
  /** `host:port` of the frontend. */
  readonly address: string;
  readonly namespace: string;
  readonly tls?: boolean;
  readonly apiKey?: string;
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

/** Connects at the first call, so that a node starts while its Temporal is away, and again whenever the connection was lost. */
export function temporalClient({ address, namespace, tls, apiKey }: TemporalAddress): TemporalClient {
  const connection = Connection.lazy({ address, ...((tls ?? false) && { tls: true }), ...(apiKey !== undefined && { apiKey, tls: true }) });
  const client = new Client({ connection, namespace });
  return {
    client,
    connection,
    within: (milliseconds, work) => connection.withDeadline(Date.now() + milliseconds, work),
    close: () => connection.close(),
  };
}
