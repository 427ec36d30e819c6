import { buying, buyingSlowly, doing, undoingShortly } from '../proxies.ts';
import type { AcquisitionStep } from './acquisition.ts';

/** A hold at the seller; undone there by our own key, since a lost answer has no transaction id. */
export const reserve: AcquisitionStep = {
  name: 'reserve',
  phase: 'reservation',
  forward: ({ id, candidate }) => doing.reserve({ acquisition: id, candidate }),
  undoThere: async ({ id, candidate }) => {
    await undoingShortly.release({ acquisition: id, seller: candidate.seller.address });
  },
};

/** The contract, stored here with its credentials. */
export const buy: AcquisitionStep = {
  name: 'buy',
  phase: 'reservation',
  forward: ({ id, candidate, transaction }) => {
    if (!transaction) throw new Error('buy runs after reserve');
    return (candidate.dialect === 'fluidos' ? buyingSlowly : buying).buy({ acquisition: id, candidate, transaction });
  },
  undoHere: ({ id }) => undoingShortly.dropCredentials({ acquisition: id }),
  undoThere: ({ id, candidate, ending }) =>
    undoingShortly.endBought({ acquisition: id, seller: candidate.seller.address, ending: ending ?? { reason: 'failed' } }),
};
