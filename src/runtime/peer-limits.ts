import type { RearHttpLimits } from '../adapters/rear-http/calls.ts';

/**
 * How long a node waits for others where that is not as in {@link RearHttpLimits}'s defaults, in milliseconds. A seller of our dialect answers PURCHASE within 13 s as it is by itself; buying of one is ended after 15 s
 * (`buying` in workflows/proxies.ts), and before that the call must have failed by itself, or nobody would be told of the silence.
 */
export const PEER_LIMITS: Pick<RearHttpLimits, 'purchaseMs'> = { purchaseMs: 14_000 };
