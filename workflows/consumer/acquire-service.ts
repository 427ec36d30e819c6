import type { BoughtService } from '../../activities/handover.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { handedOverWithin, observing, tending } from '../proxies.ts';
import type { Acquisition, AcquisitionInput } from './acquisition.ts';
import { type Carried, liveAcquisition } from './acquisition-life.ts';
import { handOver } from './handover.ts';

/**
 * One attempt to hold one service beside an intent's place: reserve, buy, hand over. Read its steps downwards for what it does, upwards for what ending it undoes.
 */
export async function acquireService(input: AcquisitionInput, carried?: Carried): Promise<{ readonly ending: Ending }> {
  const { service, timing } = input;
  if (!service) throw new Error('a service is acquired under its name in the intent');
  const boughtOf = ({ id, contract, candidate }: Acquisition): BoughtService | undefined =>
    contract && { acquisition: id, contract, seller: candidate.seller.address, service: service.name, namespace: service.namespace };
  const over = handOver(boughtOf, handedOverWithin(timing.hostingMs));
  return await liveAcquisition(input, carried, () => ({
    steps: [over],
    phase: 'usage',
    forward: (saga) => saga.forward(over),
    serves: ({ handedOver }) => handedOver === true,
    where: () => `as Secret \`${service.name}\` of namespace \`${service.namespace}\``,
    look: async (context) => {
      const bought = boughtOf(context);
      if (!bought) return {};
      const read = await observing.readContractBack({ contract: bought.contract, seller: bought.seller });
      if (read.state !== 'active') return read;
      // Somebody may have deleted the Secret, or the seller may have changed what stands in it.
      await tending.handOver(bought);
      return read;
    },
  }));
}
