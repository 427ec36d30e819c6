import { atOnce, undoingShortly } from '../proxies.ts';
import type { SaleStep } from './sale.ts';

/** The hold becomes a sale: contract, reduced flavor and an inactive allocation in one transaction. Taking it back needs nobody's help: the resources are for sale at once. */
export const sell: SaleStep = {
  name: 'sell',
  phase: 'reservation',
  forward: ({ transaction }) => atOnce((by) => by.sell({ transaction })),
  undoHere: ({ contract, transaction, ending }) =>
    undoingShortly.giveBack({ contract, transaction, ending: ending ?? { reason: 'failed' } }),
};
