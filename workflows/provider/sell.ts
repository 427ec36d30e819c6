import { isFinal } from '../failures.ts';
import { doing, swiftly, undoingShortly } from '../proxies.ts';
import type { Sale, SaleStep } from './sale.ts';

/**
 * The hold becomes a sale: contract, reduced flavor and an inactive allocation in one transaction. Taking it back needs nobody's help: the resources are for sale at
 * once. First as a local activity, though it has an effect (docs/decisions/0014): that the sale was entered stands in the history since the workflow's first event.
 */
export const sell: SaleStep = {
  name: 'sell',
  phase: 'reservation',
  forward: async ({ transaction }: Sale) => {
    try {
      return await swiftly.sell({ transaction });
    } catch (error) {
      if (isFinal(error)) throw error;
      return await doing.sell({ transaction });
    }
  },
  undoHere: ({ contract, transaction, ending }) =>
    undoingShortly.giveBack({ contract, transaction, ending: ending ?? { reason: 'failed' } }),
};
