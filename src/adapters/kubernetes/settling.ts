import { isDeepStrictEqual } from 'node:util';

/** A change is told so long after it: what comes with it is told with it. */
const SETTLE_MS = 100;
/** And no sooner than so long after the last look, however much happens. */
const PAUSE_MS = 1_000;
/** Longer timers fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Tells what `read` answers when it is not what was told last: once for all that happens within a moment, one call at a time, about once a second at most. A sink may ask to be told again after `againMs`, though
 * nothing changed. `failed` rejects when a sink does, and then nothing is told any more.
 */
export function openSettling<T>(read: () => T | undefined, sink: (state: T) => Promise<{ readonly againMs?: number } | undefined>) {
  let told: T | undefined;
  let lookAt = Number.POSITIVE_INFINITY;
  let againAt = Number.POSITIVE_INFINITY;
  let notBefore = 0;
  let timer: NodeJS.Timeout | undefined;
  let telling = false;
  let over = false;
  let fail: (why: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  const arm = (): void => {
    clearTimeout(timer);
    const inMs = Math.max(Math.min(lookAt, againAt), notBefore) - performance.now();
    if (!telling && !over && Number.isFinite(inMs)) timer = setTimeout(look, Math.min(Math.max(0, inMs), LONGEST_MS));
  };
  const look = (): void => {
    const isAsked = againAt <= performance.now();
    lookAt = Number.POSITIVE_INFINITY;
    notBefore = performance.now() + PAUSE_MS;
    const state = read();
    // Much that objects say changes nothing here, as when a kubelet is heard of.
    if (state === undefined || (!isAsked && isDeepStrictEqual(state, told))) arm();
    else void tell(state);
  };
  const tell = async (state: T): Promise<void> => {
    telling = true;
    try {
      const { againMs } = (await sink(state)) ?? {};
      told = state;
      againAt = againMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + againMs;
    } catch (error) {
      over = true;
      fail(error);
    } finally {
      telling = false;
      notBefore = performance.now() + PAUSE_MS;
    }
    arm();
  };
  return {
    failed,
    changed(): void {
      lookAt = Math.min(lookAt, performance.now() + SETTLE_MS);
      arm();
    },
    stop(): void {
      over = true;
      clearTimeout(timer);
    },
  };
}
