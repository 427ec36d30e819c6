import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { rateLimiter } from 'hono-rate-limiter';
import { isLoopbackHost, networkOf } from '../../domain/forbidden-addresses.ts';
import { answerRefusal, refuse, responseOf } from './answers.ts';

/** A burst may be ten times what a second may have: a buyer whose intents start together asks much at once. */
const WINDOW_S = 10;

/** Whoever is counted as one: an IPv4 address, or an IPv6 network of 64 bits, which one owner has; `undefined` on our own machine. Found once for each connection. */
export function openSources(): (incoming: IncomingMessage) => string | undefined {
  const known = new WeakMap<Socket, string | undefined>();
  return ({ socket }) => {
    if (!known.has(socket)) {
      const { remoteAddress = '' } = socket;
      known.set(socket, isLoopbackHost(remoteAddress) ? undefined : networkOf(remoteAddress));
    }
    return known.get(socket);
  };
}

/** Lets one source send so many requests a second, in the mean of ten; what is more is answered 429 before anything of it is read. Our own machine has no limit. */
export function limitSources(perSecond: number): MiddlewareHandler<{ Bindings: HttpBindings }> {
  const sourceOf = openSources();
  return rateLimiter<{ Bindings: HttpBindings }>({
    windowMs: WINDOW_S * 1_000,
    limit: perSecond * WINDOW_S,
    // The draft's headers would change the answers of a FLUIDOS node.
    standardHeaders: false,
    skip: ({ env }) => sourceOf(env.incoming) === undefined,
    keyGenerator: ({ env }) => sourceOf(env.incoming) ?? '',
    handler: ({ env, var: known }) => {
      const answer = answerRefusal(
        refuse(429, 'TOO_MANY_REQUESTS', 'Error: too many requests from this address'),
        env.incoming.headers.accept,
      );
      const { resetTime } = (known as { rateLimit?: { resetTime?: Date } }).rateLimit ?? {};
      const seconds = Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1_000);
      return responseOf(answer, { 'retry-after': String(Math.min(Math.max(seconds, 1), WINDOW_S)) });
    },
  });
}
