const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits for a condition that nothing announces (a port that answers, a process that is gone): asks again after a short, growing pause.
 * A fault of `probe` means "not yet"; at the deadline the last one is told. `seconds` is the deadline.
 */
export async function waitFor<T>(
  what: string,
  seconds: number,
  probe: () => T | Promise<T>,
  impossible?: () => string | undefined,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + seconds * 1000;
  for (let wait = 20; ; wait = Math.min(wait * 1.5, 200)) {
    let last: unknown;
    try {
      const value = await probe();
      if (value) return value;
    } catch (fault) {
      last = fault;
    }
    const why = impossible?.();
    if (why) throw new Error(`${what}: ${why}`);
    if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s${last instanceof Error ? ` (${last.message})` : ''}`);
    await pause(wait);
  }
}

/** Does something that may be repeated until it works: a loaded machine makes an API server that just started refuse or time out now and then. */
export async function persist(what: string, seconds: number, work: () => Promise<unknown>): Promise<void> {
  await waitFor(what, seconds, async () => {
    await work();
    return true;
  });
}
