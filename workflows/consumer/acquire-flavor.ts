import type { Ending } from '../../src/domain/reasons.ts';
import { openMeeting } from '../meeting.ts';
import { tending } from '../proxies.ts';
import { together } from '../together.ts';
import type { AcquisitionInput } from './acquisition.ts';
import { type Carried, liveAcquisition } from './acquisition-life.ts';
import { extend, meetSeller } from './peering.ts';

/**
 * One attempt to hold one slice: reserve, buy, meet the seller, extend. Read its steps downwards for what it does, upwards for what ending it undoes.
 */
export async function acquireFlavor(input: AcquisitionInput, carried?: Carried): Promise<{ readonly ending: Ending }> {
  return await liveAcquisition(input, carried, (onFailure) => {
    const meet = meetSeller(openMeeting(onFailure), input.timing);
    const reach = extend(input.timing);
    return {
      steps: [meet, reach],
      ahead: [meet, reach],
      phase: 'peering',
      // Liqo copies the slice as soon as our identity at the seller stands, so the one need not wait for the other.
      forward: (saga) =>
        together(
          () => saga.forward(meet),
          () => saga.forward(reach),
        ),
      serves: ({ node }) => node !== undefined,
      where: ({ node }) => `on virtual node \`${node}\``,
      look: async ({ contract, candidate, sellerCluster, id, workflowId }) =>
        contract && sellerCluster
          ? await tending.tendContract({ contract, seller: candidate.seller.address, sellerCluster, acquisition: id, replyTo: workflowId })
          : {},
    };
  });
}
