import type { Activities } from '../../activities/index.ts';
import type { BoughtService, HostedService } from '../../activities/handover.ts';
import { undoing, undoingShortly } from '../proxies.ts';
import type { Acquisition, AcquisitionStep } from './acquisition.ts';

/** What was made for the intent, as a Secret in its namespace. The workload reads it, so taking it back is ours alone to do. */
export const handOver = (
  boughtOf: (acquisition: Acquisition) => BoughtService | undefined,
  by: Pick<Activities, 'handOver'>,
  namespace: string,
): AcquisitionStep => ({
  name: 'hand-over',
  phase: 'usage',
  forward: async (acquisition) => {
    const bought = boughtOf(acquisition);
    if (!bought) throw new Error('hand-over runs after buy');
    await by.handOver(bought);
    return { handedOver: true };
  },
  undoHere: ({ id }) => undoingShortly.takeBack({ acquisition: id, namespace }),
});

/** What its seller has us run, in a namespace of the acquisition's own at home: ours alone to make and to take away. */
export const hostBought = (
  hostedOf: (acquisition: Acquisition) => HostedService | undefined,
  by: Pick<Activities, 'hostBought'>,
): AcquisitionStep => ({
  name: 'host-here',
  phase: 'usage',
  forward: async (acquisition) => {
    const hosted = hostedOf(acquisition);
    if (!hosted) throw new Error('host-here runs after buy');
    await by.hostBought(hosted);
    return undefined;
  },
  undoHere: ({ id }) => undoing.removeBought({ acquisition: id }),
});
