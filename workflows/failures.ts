import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';
import { endingIn } from '../src/domain/contract-over.ts';
import type { Ending } from '../src/domain/reasons.ts';

/** A fault's code behind whatever Temporal wrapped it in; `TIMEOUT` for a call that never answered. */
export function codeOf(error: unknown): string {
  const root = rootOf(error);
  if (root instanceof ApplicationFailure) return root.type ?? 'FAILED';
  if (root instanceof TimeoutFailure) return 'TIMEOUT';
  if (root instanceof CancelledFailure) return 'CANCELLED';
  return 'FAILED';
}

/** Whether it makes no sense to try again: a permanent fault, or a cancellation. */
export function isFinal(error: unknown): boolean {
  const root = rootOf(error);
  return root instanceof CancelledFailure || (root instanceof ApplicationFailure && root.nonRetryable === true);
}

/** Whether a purchase failed before anything was sold. */
export function isUnsold(error: unknown): boolean {
  const root = rootOf(error);
  return root instanceof ApplicationFailure && (root.details?.[0] as { readonly unsold?: unknown } | undefined)?.unsold === true;
}

/** A fault in one line, for people: code and words. */
export function wordsOf(error: unknown): string {
  const root = rootOf(error);
  // Temporal has no words for it.
  const words = root instanceof CancelledFailure ? 'nobody waits for it any more' : root instanceof Error ? root.message : String(root);
  return `${codeOf(error)}: ${words}`;
}

function rootOf(error: unknown): unknown {
  let root = error;
  while ((root instanceof ActivityFailure || root instanceof ChildWorkflowFailure) && root.cause) root = root.cause;
  if (root instanceof TimeoutFailure && root.cause instanceof ApplicationFailure) return root.cause;
  return root;
}

/** How an error ends a process: `failed`, with the fault; what a contract is over for is what whoever needs it ends for too. */
export const failedBy = (error: unknown): Ending => ({ reason: overFor(error)?.reason ?? 'failed', detail: wordsOf(error) });

function overFor(error: unknown): Ending | undefined {
  const root = rootOf(error);
  return root instanceof ApplicationFailure && root.type === 'CONTRACT_OVER' ? endingIn(root.details?.[0]) : undefined;
}
