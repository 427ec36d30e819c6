import type { BoughtService, HostedService } from '../../activities/handover.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { handedOverWithin, observing, tending, watchingFor } from '../proxies.ts';
import type { Acquisition, AcquisitionInput } from './acquisition.ts';
import { type Carried, liveAcquisition } from './acquisition-life.ts';
import { handOver, hostBought } from './handover.ts';

/**
 * One attempt to hold one service beside an intent's place: reserve, buy, host what is to be hosted here, hand over. Read its steps downwards for what it does, upwards for what ending it undoes.
 */
export async function acquireService(input: AcquisitionInput, carried?: Carried): Promise<{ readonly ending: Ending }> {
  const { service, timing } = input;
  if (!service) throw new Error('a service is acquired under its name in the intent');
  const { name, namespace, bound } = service;
  const boughtOf = ({ id, contract, candidate }: Acquisition): BoughtService | undefined =>
    contract && { acquisition: id, contract, seller: candidate.seller.address, service: name, namespace, ...(bound && { bound }) };
  const hostedOf = ({ id, contract, candidate }: Acquisition): HostedService | undefined =>
    bound && contract && { acquisition: id, contract, seller: candidate.seller.address, bound };
  const host = bound && hostBought(hostedOf, watchingFor(timing.hostingMs));
  const over = handOver(boughtOf, handedOverWithin(timing.hostingMs), namespace);
  return await liveAcquisition(input, carried, () => ({
    steps: host ? [host, over] : [over],
    phase: 'usage',
    forward: async (saga) => {
      if (host) await saga.forward(host);
      await saga.forward(over);
    },
    serves: ({ handedOver }) => handedOver === true,
    where: () => `as Secret \`${name}\` of namespace \`${namespace}\``,
    look: async (context) => {
      const bought = boughtOf(context);
      if (!bought) return {};
      const read = await observing.readContractBack({ contract: bought.contract, seller: bought.seller, daily: true });
      if (read.state !== 'active') return read;
      // Somebody may have deleted the Secret, or what runs here, or the seller may have changed what stands in it.
      const hosted = hostedOf(context);
      if (hosted) await tending.hostBought(hosted);
      await tending.handOver(bought);
      return read;
    },
  }));
}
