import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';
import { ApplicationFailure } from '@temporalio/common';
import { FAULTS, isFault } from '../src/domain/faults.ts';

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
        });
      }
    },
  };
  return { inbound };
};
