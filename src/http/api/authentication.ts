import { isFault } from '../../domain/faults.ts';
import { type Role, mayAs } from '../../domain/roles.ts';
import type { Caller, Callers } from '../../ports/callers.ts';
import type { Attempts } from './attempts.ts';
import { type Problem, faultProblem } from './problem.ts';

/** Why somebody is not served, and what a client is to be told beside it. */
export interface Denied {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}
/** `caller` is undefined where nobody is asked who they are. */
export type Admission = { readonly caller: Caller | undefined } | { readonly denied: Denied };

/** RFC 6750: one token, in its own alphabet. */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

const unauthenticated = (detail: string, error?: 'invalid_request' | 'invalid_token'): Admission => ({
  denied: {
    problem: faultProblem('UNAUTHENTICATED', detail),
    headers: { 'www-authenticate': `Bearer realm="rearguard"${error === undefined ? '' : `, error="${error}"`}` },
  },
});

/** What a request says of who sends it, and the address it comes from. */
interface Asked {
  readonly authorization: string | undefined;
  readonly source: string;
}

/** Finds out who asks. A token is never repeated: neither to its sender nor in the log. */
export async function admit(
  { authorization: given, source }: Asked,
  { callers, attempts }: { readonly callers: Callers; readonly attempts: Attempts },
): Promise<Admission> {
  if (callers.open) return { caller: undefined };
  if (given === undefined) return unauthenticated('this API asks for a token: `Authorization: Bearer …`');
  const [, token] = BEARER.exec(given.trim()) ?? [];
  const waitMs = attempts.waitMs(source);
  // Whoever comes through the same proxy as somebody who tries many tokens goes on with his own.
  if (waitMs > 0 && !(token !== undefined && attempts.isKnown(token))) {
    return {
      denied: {
        problem: faultProblem('TOO_MANY_REQUESTS', 'too many tokens from this address were none of ours'),
        headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
      },
    };
  }
  if (token === undefined) {
    attempts.failed(source);
    return unauthenticated('the authorization is no bearer token', 'invalid_request');
  }
  try {
    const caller = await callers.of(token);
    if (caller) {
      attempts.passed(token);
      return { caller };
    }
  } catch (error) {
    if (!isFault(error)) throw error;
    return { denied: { problem: faultProblem(error.code, error.message, error.facts), headers: {} } };
  }
  attempts.failed(source, token);
  return unauthenticated('the token is not known here, or no longer', 'invalid_token');
}

/** Why a caller may not do what needs this role; `undefined` when they may, and when nobody is asked who they are. */
export function lacks(caller: Caller | undefined, needed: Role): Denied | undefined {
  if (caller === undefined || (caller.role !== undefined && mayAs(caller.role, needed))) return undefined;
  const is = caller.role === undefined ? 'has no role here' : `is ${caller.role}`;
  return {
    problem: faultProblem('FORBIDDEN', `this needs the role ${needed}; ${caller.name} ${is}`, {
      needed,
      ...(caller.role !== undefined && { role: caller.role }),
    }),
    headers: { 'www-authenticate': 'Bearer realm="rearguard", error="insufficient_scope"' },
  };
}
