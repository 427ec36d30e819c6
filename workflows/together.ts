import { CancellationScope, isCancellation } from '@temporalio/workflow';

/**
 * Runs works at once. When one fails the others are cancelled, and all have stopped before the failure is told: nothing of a step may still run while
 * its compensation does.
 */
export async function together(...works: readonly (() => Promise<void>)[]): Promise<void> {
  const scope = new CancellationScope();
  const failures: unknown[] = [];
  await scope.run(() =>
    Promise.all(
      works.map(async (work) => {
        try {
          await work();
        } catch (error) {
          failures.push(error);
          scope.cancel();
        }
      }),
    ),
  );
  if (failures.length > 0) throw failures.find((error) => !isCancellation(error)) ?? failures[0];
}
