import { type ActivityInput, type WorkflowInterceptors, workflowInfo } from '@temporalio/workflow';

/** How long a dead worker stays unnoticed on a test's stage, whose activities beat at once. */
const HEARTBEAT = '2500ms';

/**
 * An interceptor for the tests' bundle: where a worker is killed, the server would otherwise wait five seconds before another one may go on, in each of dozens of cases. Whole nodes
 * (`pair.ts`) beat as rarely as real ones, and keep what the workflows say.
 */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      async scheduleActivity(input: ActivityInput, next) {
        const { options } = input;
        const isHasty = options.heartbeatTimeout !== undefined && workflowInfo().namespace.startsWith('test-');
        return await next(isHasty ? { ...input, options: { ...options, heartbeatTimeout: HEARTBEAT } } : input);
      },
    },
  ],
});
