/** When it was told last of a pod that it is broken, and after how long it may be told again; both in milliseconds. */
export interface Told {
  readonly at: number;
  readonly againMs: number;
}

/** Kubernetes' own longest pause between two starts of a container that crashes. */
const FIRST_AGAIN_MS = 300_000;
const LONGEST_AGAIN_MS = 6 * 3_600_000;
const FORGOTTEN_MS = 86_400_000;

/**
 * Whether to tell that a pod is broken: when it breaks, and after pauses that double for as long as it comes and goes. Whoever hears of it may look just while it runs again, and each
 * telling costs a history some twenty events. Answers `was` itself when there is nothing to tell.
 */
export function tellBroken(was: Told | undefined, broken: boolean, now: number): Told | undefined {
  if (!broken) return was;
  const silentMs = was ? now - was.at : FORGOTTEN_MS;
  if (!was || silentMs >= FORGOTTEN_MS) return { at: now, againMs: FIRST_AGAIN_MS };
  return silentMs < was.againMs ? was : { at: now, againMs: Math.min(2 * was.againMs, LONGEST_AGAIN_MS) };
}
