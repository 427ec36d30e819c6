import { z } from 'zod';
import { FAULTS, type FaultCode, type FaultFacts } from '../../domain/faults.ts';
import type { WrongField } from '../../domain/wrong-fields.ts';

/** RFC 9457, with our fault code and, for invalid input, every wrong field. */
export const Problem = z
  .object({
    type: z.string().describe('`urn:rearguard:fault:<code>`; `about:blank` where the status says it all.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional().describe('The path that was asked for.'),
    code: z.string().optional().describe('One of our fault codes: what programs branch on.'),
    retry: z.boolean().optional().describe('Whether the same call may succeed later.'),
    requestId: z.string().optional().describe('As in the `x-request-id` header and in the log.'),
    errors: z
      .array(z.object({ field: z.string(), problem: z.string() }))
      .optional()
      .describe('Every wrong field at once.'),
    facts: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem', description: 'What went wrong, where, and why (RFC 9457).' });
export type Problem = z.infer<typeof Problem>;

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Not valid',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'The other side failed',
  503: 'Not available at the moment',
  504: 'No answer in time',
};
export const titleOf = (status: number): string => TITLES[status] ?? `Status ${status}`;

/** A problem from the table of faults. */
export function faultProblem(code: FaultCode, detail: string, facts: FaultFacts = {}, errors?: readonly WrongField[]): Problem {
  const { http, retry } = FAULTS[code];
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return {
    type: `urn:rearguard:fault:${code}`,
    title: titleOf(http),
    status: http,
    detail,
    code,
    retry,
    ...(errors && { errors: [...errors] }),
    ...(Object.keys(known).length > 0 && { facts: known }),
  };
}

/** A problem that is HTTP's own and no fault of ours. */
export const httpProblem = (status: number, detail: string): Problem => ({ type: 'about:blank', title: titleOf(status), status, detail });

/** The answer while the node has not found what the API stands on. */
export const unavailable = (request: Request): Response => {
  const problem = faultProblem('STORE_UNAVAILABLE', 'the node is starting, or its database is away; /readyz says what is missing');
  const body = JSON.stringify({ ...problem, instance: new URL(request.url).pathname.slice(0, 500) });
  return new Response(body, { status: 503, headers: { 'content-type': 'application/problem+json', 'retry-after': '2' } });
};
