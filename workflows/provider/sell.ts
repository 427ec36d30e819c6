import { atOnce, undoingShortly } from '../proxies.ts';
import type { SaleStep } from './sale.ts';

/**
 * The hold becomes a sale: contract, reduced flavor and an inactive allocation in one transaction. A buyer whose tenant stands joins its peering in the same breath, when the start entered
 * that as well. Taking the sale back needs nobody's help: the resources are for sale at once.
 */
export const sell = (knownAtStart: boolean): SaleStep => ({
  name: 'sell',
  phase: 'reservation',
  forward: ({ transaction, workflowId }) => atOnce((by) => by.sell({ transaction, ...(knownAtStart && { replyTo: workflowId }) })),
  undoHere: ({ contract, transaction, ending }) =>
    undoingShortly.giveBack({ contract, transaction, ending: ending ?? { reason: 'failed' } }),
});
