import { contractOf } from '../../src/domain/ids.ts';
import type { PeeringUser } from '../../src/domain/peering.ts';
import type { Timing } from '../../src/domain/timing.ts';
import type { Meeting } from '../meeting.ts';
import { undoing, undoingShortly, watchingFor } from '../proxies.ts';
import type { Acquisition, AcquisitionStep } from './acquisition.ts';

/** Also of one whose purchase was not heard of, but may have gone on: by the ids that the seller has to give it. */
const bought = ({ id, candidate, further, transaction, contract: known, sellerCluster, workflowId, identityStands }: Acquisition) => {
  const contract = known ?? (further && transaction ? contractOf(transaction) : undefined);
  const seller = sellerCluster ?? candidate.seller.clusterId;
  if (!contract || !seller) return undefined;
  const user: PeeringUser = {
    contract,
    direction: 'bought',
    acquisition: id,
    replyTo: workflowId,
    ...(identityStands && { stands: true }),
  };
  return { user, contract, seller, acquisition: id };
};
const needed = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('peering runs after buy');
  return value;
};

/** Our remote identity at the seller, which every contract with it shares: owned by `peering/<seller>`. Nobody waits for it: Liqo copies the slice as soon as it is there. */
export const meetSeller = (meeting: Meeting, timing: Timing): AcquisitionStep => ({
  name: 'meet-seller',
  phase: 'peering',
  forward: async (acquisition) => {
    const { seller, user } = needed(bought(acquisition));
    if (acquisition.joined) return undefined;
    await meeting.join(seller, user);
    return undefined;
  },
  undoThere: async (acquisition) => {
    const known = bought(acquisition);
    if (known) await meeting.leave(known.seller, known.user, timing.undoRoundMs);
  },
});

/** The slice of this contract, until its virtual node is Ready. */
export const extend = (timing: Timing): AcquisitionStep => ({
  name: 'extend',
  phase: 'peering',
  forward: async (acquisition) => {
    const { seller } = needed(bought(acquisition));
    const sliceClass = acquisition.candidate.dialect === 'fluidos' ? 'default' : 'rearguard';
    const { id, asked } = acquisition;
    return await watchingFor(timing.virtualNodeMs).extend({ acquisition: id, seller, sliceClass, ...(asked && { asked }) });
  },
  undoHere: async (acquisition) => {
    const known = bought(acquisition);
    if (known) await undoingShortly.withdrawSlice({ acquisition: acquisition.id, seller: known.seller });
  },
  undoThere: async (acquisition) => {
    const known = bought(acquisition);
    if (known) await undoing.awaitSliceGone({ acquisition: acquisition.id, seller: known.seller });
  },
});
