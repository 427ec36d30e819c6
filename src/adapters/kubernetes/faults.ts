import { z } from 'zod';
import { Fault, isFault } from '../../domain/faults.ts';
import { Unbelievable } from './bounds.ts';

export interface Log {
  debug(facts: object, words: string): void;
  info(facts: object, words: string): void;
  warn(facts: object, words: string): void;
}

/** What the API server says when it refuses (`metav1.Status`). */
export interface StatusBody {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
}

const text = z
  .string()
  .transform((all) => all.slice(0, 2_000))
  .optional()
  .catch(undefined);
const causes = z.object({ causes: z.array(z.object({ reason: text })).max(100) });
const status = z.object({ message: text, reason: text, details: causes.optional().catch(undefined) });

/** Reads a refusal out of whatever was answered: gateways and peers answer anything. */
export function statusBody(content: unknown): StatusBody {
  const read = status.safeParse(content);
  if (!read.success) return {};
  const { message, reason, details } = read.data;
  return {
    ...(message !== undefined && { message }),
    ...(reason !== undefined && { reason }),
    ...(details && { details: { causes: details.causes.map((cause) => (cause.reason === undefined ? {} : { reason: cause.reason })) } }),
  };
}

/** A refusal: the code, and what is needed to branch on it. Inside this folder only. */
export class Refused extends Error {
  readonly status: number;
  readonly body: StatusBody;
  constructor(status: number, body: StatusBody) {
    super(body.message ?? `status ${status}`);
    this.name = 'Refused';
    this.status = status;
    this.body = body;
  }
}

export const isRefused = (error: unknown, ...statuses: readonly number[]): error is Refused =>
  error instanceof Refused && (statuses.length === 0 || statuses.includes(error.status));

const words = (text: string): string => text.slice(0, 600);

/** A namespace on its way out refuses what is new in it: that passes. */
const isTerminating = ({ body }: Refused): boolean =>
  body.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false;

/** The Fault that says that nobody answered, or nothing that can be taken; passing. */
export function unreachable(error: unknown, what: string): Fault {
  if (isFault(error)) return error;
  if (error instanceof Unbelievable) return new Fault('CLUSTER_UNREACHABLE', `${what}: ${error.message}`, { what });
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new Fault('CLUSTER_UNREACHABLE', `${what}: the API server does not answer${code}`, { what });
}

/** Passing: trouble inside the API server, overload, and 401, since tokens are rotated and a key may be on its way. */
const passes = (status: number): boolean => status >= 500 || status === 429 || status === 408 || status === 401;

/** What an API server refuses is permanent, in its own words, unless it {@link passes}. What is neither a refusal nor a Fault is a bug and stays one. */
export function faultOf(error: unknown, what: string): unknown {
  if (isFault(error) || !(error instanceof Refused)) return error;
  const { status } = error;
  if (passes(status)) return new Fault('CLUSTER_UNREACHABLE', words(`${what}: ${error.message}`), { what, status });
  if (isTerminating(error)) return new Fault('STILL_THERE', words(`${what}: ${error.message}`), { what, status });
  return new Fault('CLUSTER_REFUSED', words(`${what}: ${error.message}`), { what, status });
}
