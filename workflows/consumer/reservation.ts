import type { Candidate } from '../../src/domain/candidate.ts';
import { atOnce, buying, buyingSlowly, doing, undoingShortly } from '../proxies.ts';
import type { AcquisitionStep } from './acquisition.ts';

/** A hold of ours is known by our key alone, so an acquisition's own start enters it (docs/decisions/0014); one at a FLUIDOS seller could be neither found nor given up by it. */
export const isHeldByKey = ({ dialect }: Candidate): boolean => dialect !== 'fluidos';

/** A hold at the seller; undone there by our own key, since a lost answer has no transaction id. The same compensation ends what the hold became, if the seller has a message for that. */
export const reserve = (leaves: (residue: string) => void): AcquisitionStep => ({
  name: 'reserve',
  phase: 'reservation',
  forward: ({ id, candidate }) => {
    const input = { acquisition: id, candidate };
    return isHeldByKey(candidate) ? atOnce((by) => by.reserve(input)) : doing.reserve(input);
  },
  // The seller takes it for our word that we are done, and then removes the tenant that Liqo's finalizers need.
  undoneAfter: ['extend', 'meet-seller'],
  undoThere: async ({ id, candidate, ending, contract, expiresAt }) => {
    const { domain, address } = candidate.seller;
    const { residue } = await undoingShortly.giveUp({ acquisition: id, seller: address, ending: ending ?? { reason: 'failed' } });
    if (!residue) return;
    const what = contract ? `contract ${contract}` : `a reservation of ${candidate.flavor.id}`;
    const until = contract && expiresAt ? `until ${new Date(expiresAt).toISOString()}` : 'until it expires there';
    leaves(`${what} stays at ${domain} ${until}: a FLUIDOS node has no message for its end`);
  },
});

/** Whether what buying goes on with can be named, and so undone, though its answer is lost (docs/decisions/0023). */
export const goesOnByBuying = ({ dialect, service, seller }: Candidate): boolean =>
  dialect !== 'fluidos' && service === undefined && seller.clusterId !== undefined;

/** The contract, stored here with its credentials. It is never undone without its hold, so giving that up ends it too. Where our identity stands the peering is joined, and the slice asked for. */
export const buy: AcquisitionStep = {
  name: 'buy',
  phase: 'reservation',
  forward: ({ id, candidate, transaction, workflowId, further }) => {
    if (!transaction) throw new Error('buy runs after reserve');
    return (candidate.dialect === 'fluidos' ? buyingSlowly : buying).buy({
      acquisition: id,
      candidate,
      transaction,
      ...(further && { replyTo: workflowId }),
    });
  },
};
