import { comparedAddress } from '../../domain/address.ts';
import { Fault } from '../../domain/faults.ts';
import type { NodeIdentity } from '../../domain/flavor.ts';
import type { From } from './limit.ts';
import type { Rear } from './ports.ts';
import { openWindows, secondsUntil, WINDOW_S } from './windows.ts';

/** What one buyer may send, whichever way it comes. Each of both fails with TOO_MANY_REQUESTS, of which the audit tells. */
export interface Rate {
  /** Whether it has something left, before anything is spent on the call. */
  check(): Promise<void>;
  /** Counts this call. */
  count(): Promise<void>;
}
const UNLIMITED: Rate = { check: async () => undefined, count: async () => undefined };

/**
 * Counts the calls of buyers by who they are proven to be: the address whose key signed. Of who does not sign anybody could say the name: it is counted under the name that it says *and* the place that it
 * calls from, so that nobody uses up another's, and apart from those that sign, whom no made-up names crowd out.
 */
export function openRates({ audit, clock, options }: Pick<Rear, 'audit' | 'clock' | 'options'>) {
  const proven = openWindows(clock.now);
  const claimed = openWindows(clock.now);

  return (as: NodeIdentity, { source, remote, claimed: signature }: From): Rate => {
    const { requestsPerSecond: perSecond = 0 } = options.limitsOf(as);
    if (perSecond === 0) return UNLIMITED;
    const most = perSecond * WINDOW_S;
    const windows = signature ? proven : claimed;
    const key = signature ? comparedAddress(signature.address) : JSON.stringify([source ?? 'here', as.id]);
    const refuse = async ({ resetTime }: { readonly resetTime: Date }): Promise<never> => {
      const retryAfterSeconds = secondsUntil({ resetTime }, clock.now());
      const words = `this buyer sends more than the ${perSecond} requests a second that it may, in the mean of ${WINDOW_S}: ask again in ${retryAfterSeconds} s`;
      const fault = new Fault('TOO_MANY_REQUESTS', words, { limit: 'requestsPerSecond', most: perSecond, retryAfterSeconds });
      const { code, message: detail } = fault;
      await audit.tally({ kind: 'request-refused', peer: signature ? key : remote, code, detail });
      throw fault;
    };
    return {
      async check() {
        const counted = windows.get(key);
        if (counted && counted.totalHits >= most) await refuse(counted);
      },
      async count() {
        const counted = windows.increment(key);
        if (counted.totalHits > most) await refuse(counted);
      },
    };
  };
}
