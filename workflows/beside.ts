import { CancellationScope } from '@temporalio/workflow';

/** Work that goes on beside something that decides whether it is wanted at all. */
export interface Beside {
  /** Waits for it; what it failed with is thrown here and nowhere else. */
  readonly done: () => Promise<void>;
  /** Cancels it, and answers when it has really stopped, however it ended. */
  readonly stop: () => Promise<void>;
}

/** Starts it in a scope of its own, which is cancelled with the one around it. */
export function beside(work: () => Promise<void>): Beside {
  const scope = new CancellationScope();
  const outcome = scope.run(work).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  return {
    async done() {
      const failed = await outcome;
      if (failed) throw failed.error;
    },
    async stop() {
      scope.cancel();
      await outcome;
    },
  };
}
