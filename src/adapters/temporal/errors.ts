import {
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { FAULTS, Fault, type FaultCode, type FaultFacts, isFault } from '../../domain/faults.ts';
import type { Log } from './connection.ts';

/** gRPC status codes (google.rpc.Code) that say "not now", or that the namespace is not there yet. */
const PASSING: ReadonlySet<number> = new Set([
  1, // CANCELLED
  4, // DEADLINE_EXCEEDED
  5, // NOT_FOUND: the namespace; a missing workflow is a WorkflowNotFoundError
  8, // RESOURCE_EXHAUSTED
  10, // ABORTED
  13, // INTERNAL
  14, // UNAVAILABLE
  16, // UNAUTHENTICATED: keys are rotated
]);

const isCode = (type: string | null | undefined): type is FaultCode => typeof type === 'string' && Object.hasOwn(FAULTS, type);
const factsOf = (details: unknown): FaultFacts => {
  const first: unknown = Array.isArray(details) ? details[0] : undefined;
  return typeof first === 'object' && first !== null ? (first as FaultFacts) : {};
};

/** A fault that crossed Temporal as an ApplicationFailure, however deep it lies. */
function faultWithin(error: unknown): Fault | undefined {
  for (let inner: unknown = error, depth = 0; inner instanceof Error && depth < 6; inner = inner.cause, depth++) {
    if (inner instanceof ApplicationFailure && isCode(inner.type)) return new Fault(inner.type, inner.message, factsOf(inner.details));
  }
  return undefined;
}

/** Whether the error says that no workflow of that id runs (or, for a query, that none is retained). */
export const isNotFound = (error: unknown): boolean => error instanceof WorkflowNotFoundError;

/** Whether no answer came in time: the client's own deadline (4), or the server's, which ends the call just before it (1). */
export const isLate = (error: unknown): boolean => [1, 4].includes(grpcWithin(error)?.code ?? 0);

/** Makes a Fault of what the SDK threw; the error itself is logged, never passed on. A bug stays what it is. */
export function translated(error: unknown, doing: string, log: Log): unknown {
  if (isFault(error)) return error;
  const fault = faultWithin(error);
  if (fault) return fault;
  if (error instanceof WorkflowNotFoundError) return new Fault('NOT_FOUND', `${doing}: no such workflow`, { workflow: error.workflowId });
  const grpc = grpcWithin(error);
  const waited = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError;
  const unanswered =
    error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError || error instanceof WorkflowUpdateFailedError;
  if (!waited && !unanswered && (grpc === undefined || !PASSING.has(grpc.code))) return error;
  const why = grpc?.details ?? reasonsOf(error);
  log.warn({ doing, why, code: grpc?.code }, 'Temporal did not do what was asked');
  return new Fault('PROCESSES_UNAVAILABLE', `${doing}: Temporal did not answer (${why})`, grpc ? { grpc: grpc.code } : {});
}

function grpcWithin(error: unknown): { readonly code: number; readonly details: string } | undefined {
  for (let inner: unknown = error, depth = 0; inner instanceof Error && depth < 6; inner = inner.cause, depth++) {
    if (isGrpcServiceError(inner)) return inner;
  }
  return undefined;
}

/** The words of an error and of what caused it. */
function reasonsOf(error: unknown): string {
  const words: string[] = [];
  for (let inner: unknown = error, depth = 0; inner instanceof Error && depth < 4; inner = inner.cause, depth++) words.push(inner.message);
  return words.join(': ').slice(0, 500);
}
