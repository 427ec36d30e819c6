import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { rateLimiter } from 'hono-rate-limiter';
import { isLoopbackHost, networkOf } from '../../domain/forbidden-addresses.ts';
import { Fault } from '../../domain/faults.ts';
import type { Claimed } from '../../rear/signed-messages.ts';
import { answerRefusal, Refusal, responseOf } from './answers.ts';
import { openWindows, secondsUntil, WINDOW_S } from './windows.ts';

/** Where a call comes from. */
export interface From {
  /** Whoever is counted as one at its remote address; `undefined` on our own machine. */
  readonly source: string | undefined;
  /** That address, for people. */
  readonly remote: string;
  /** Its signature. */
  readonly claimed?: Claimed;
}

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
    store: openWindows(Date.now),
    keyGenerator: ({ env }) => sourceOf(env.incoming) ?? '',
    handler: ({ env, var: known }) => {
      const { resetTime = new Date() } = (known as { rateLimit?: { resetTime?: Date } }).rateLimit ?? {};
      const words = 'too many requests from this address';
      const fault = new Fault('TOO_MANY_REQUESTS', words, { retryAfterSeconds: secondsUntil({ resetTime }, Date.now()) });
      return responseOf(answerRefusal(new Refusal(429, `Error: ${words}`, fault), env.incoming.headers.accept));
    },
  });
}
