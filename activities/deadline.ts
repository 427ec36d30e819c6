import { Fault, isFault } from '../src/domain/faults.ts';

/** Gives up on a call after `ms`: one slow peer must not hold the others. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Fault('PEER_TIMEOUT', `no answer within ${ms} ms`, { ms })), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether it could be done; a fault is no: whoever asks has another way, or needs it not. */
export async function couldBeDone(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!isFault(error)) throw error;
    return false;
  }
}

/** All of them, at once; when one fails the first failure, but not before all have ended: nothing may go on under whoever undoes it. */
export async function allOf<T extends readonly unknown[]>(work: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return await Promise.all(work);
}
