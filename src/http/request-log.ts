import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import type { Caller } from '../ports/callers.ts';

/** The words that HTTP logs with; pino's logger fits. */
export interface HttpLog {
  info(facts: object, words: string): void;
  error(facts: object, words: string): void;
}

/** What a request carries for its handlers and its log line. */
export interface RequestVariables {
  requestId: string;
  /** Who asks, where that is known. */
  caller?: Caller | undefined;
}

/** Where a request comes from: the other end of its connection, which may be a proxy. */
export const remoteAddress = ({ env }: Pick<Context, 'env'>): string =>
  (env as { incoming?: Pick<IncomingMessage, 'socket'> } | undefined)?.incoming?.socket.remoteAddress ?? 'unknown';

/** Of whom it should be known where they sit: who is not let in. */
const REFUSED: ReadonlySet<number> = new Set([401, 403, 429]);

const GIVEN = /^[\w.:-]{1,64}$/;

/** Gives each request an id (the caller's own when it sends a plain one), and writes one line when it is answered: with intent and contract where the path names them. */
export const requestLog =
  (log: HttpLog): MiddlewareHandler<{ Variables: RequestVariables }> =>
  async (context, next) => {
    const given = context.req.header('x-request-id') ?? '';
    const requestId = GIVEN.test(given) ? given : randomUUID();
    context.set('requestId', requestId);
    const startedAt = performance.now();
    await next();
    context.header('x-request-id', requestId);
    const { method, path } = context.req;
    const caller = context.get('caller');
    const [, kind, id] = /\/(intents|contracts)\/([^/]+)/.exec(path) ?? [];
    log.info(
      {
        requestId,
        method,
        path,
        status: context.res.status,
        ms: Math.round((performance.now() - startedAt) * 10) / 10,
        ...(caller !== undefined && { caller: caller.name }),
        ...(REFUSED.has(context.res.status) && { from: remoteAddress(context) }),
        ...(kind === 'intents' && { intent: id }),
        ...(kind === 'contracts' && { contract: id }),
      },
      'request',
    );
  };
