import type { Clock } from '../../ports/clock.ts';
import type { PeerDescription } from '../../ports/peer.ts';

/** So many nodes are remembered; owners named by hostile lists must not fill the memory. */
const MOST = 5_000;

/** What nodes said of themselves, kept for a short time; a failure is not kept, and askers at the same time share one question. */
export function keptDescriptions({ clock, keepMs }: { readonly clock: Clock; readonly keepMs: number }) {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<PeerDescription> }>();
  return async (base: string, ask: () => Promise<PeerDescription>, fresh = false): Promise<PeerDescription> => {
    const known = kept.get(base);
    if (!fresh && known !== undefined && known.until > clock.now()) return await known.answer;
    const answer = ask();
    kept.delete(base);
    kept.set(base, { until: clock.now() + keepMs, answer });
    const oldest = kept.keys().next();
    if (kept.size > MOST && oldest.done !== true) kept.delete(oldest.value);
    try {
      return await answer;
    } catch (error) {
      if (kept.get(base)?.answer === answer) kept.delete(base);
      throw error;
    }
  };
}
