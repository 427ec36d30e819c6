import type { PeeringUser } from '../../src/domain/peering.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { Meeting } from '../meeting.ts';
import { atOnce, doing } from '../proxies.ts';
import type { Sale, SaleStep } from './sale.ts';

type JoinInput = Parameters<typeof doing.joinPeering>[0];
const sold = ({
  contract,
  buyerCluster,
  workflowId,
  tenantStands,
}: Sale): { user: PeeringUser; peer: NonNullable<Sale['buyerCluster']> } | undefined =>
  buyerCluster && { user: { contract, direction: 'sold', replyTo: workflowId, ...(tenantStands && { stands: true }) }, peer: buyerCluster };

/**
 * The tenant which the buyer's credentials are for, shared by all its contracts: owned by `peering/<buyer>`. Only with it is the contract worth signing; one that the sale
 * found standing is kept for it (docs/decisions/0023). Leaving waits for the buyer, whose own teardown needs the tenant: see `untilBuyerIsDone`.
 */
export const meetBuyer = (meeting: Meeting, timing: Timing, untilBuyerIsDone: () => Promise<void>, knownAtStart: boolean): SaleStep => ({
  name: 'meet-buyer',
  phase: 'reservation',
  forward: async (sale) => {
    const known = sold(sale);
    if (!known) throw new Error('the buyer is met after the sale');
    if (sale.joined) return undefined;
    // Where the buyer was known at the start this step is entered by it, as the sale is.
    const joinBy = knownAtStart ? (input: JoinInput) => atOnce((by) => by.joinPeering(input)) : doing.joinPeering;
    await meeting.join(known.peer, known.user, sale.tenantStands ? undefined : timing.peeringReadyMs, joinBy);
    return undefined;
  },
  undoThere: async (sale) => {
    const known = sold(sale);
    if (!known) return;
    await untilBuyerIsDone();
    await meeting.leave(known.peer, known.user, timing.undoRoundMs);
  },
});
