import type { Activities } from '../../activities/index.ts';
import type { BoughtService } from '../../activities/handover.ts';
import { undoingShortly } from '../proxies.ts';
import type { Acquisition, AcquisitionStep } from './acquisition.ts';

/** What was made for the intent, as a Secret in its namespace. The workload reads it, so taking it back is ours alone to do. */
export const handOver = (
  boughtOf: (acquisition: Acquisition) => BoughtService | undefined,
  by: Pick<Activities, 'handOver'>,
): AcquisitionStep => ({
  name: 'hand-over',
  phase: 'usage',
  forward: async (acquisition) => {
    const bought = boughtOf(acquisition);
    if (!bought) throw new Error('hand-over runs after buy');
    await by.handOver(bought);
    return { handedOver: true };
  },
  undoHere: ({ id }) => undoingShortly.takeBack({ acquisition: id }),
});
