import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { type Fault, FAULTS, isFault } from '../src/domain/faults.ts';

/** As long as a peer's window of requests; whoever asks for more is asked again all the same, in seconds. */
const LONGEST_PAUSE_S = 15;
/** When to try again what a peer is asked too often for: it says so, and would only refuse until then. */
function pauseOf({ facts: { retryAfterSeconds: seconds } }: Fault): { readonly nextRetryDelay?: number } {
  return typeof seconds === 'number' && seconds > 0 ? { nextRetryDelay: Math.min(seconds, LONGEST_PAUSE_S) * 1_000 } : {};
}

/**
 * The one place where faults become Temporal failures: `type` is the code, the table says whether to retry. No cause: an SDK's error may carry secrets.
 * A bug is not a fault: it passes through and is retried until a fix ships.
 */
export const faultInterceptor: ActivityInterceptorsFactory = () => {
  const inbound: ActivityInboundCallsInterceptor = {
    async execute(input, next) {
      try {
        return await next(input);
      } catch (error) {
        if (!isFault(error)) throw error;
        throw ApplicationFailure.create({
          type: error.code,
          message: error.message,
          nonRetryable: !FAULTS[error.code].retry,
          details: [error.facts],
          ...pauseOf(error),
        });
      }
    },
  };
  return { inbound };
};
