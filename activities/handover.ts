import type { AcquisitionId, ContractId } from '../src/domain/ids.ts';
import { Fault } from '../src/domain/faults.ts';
import type { ActivityDeps } from './deps.ts';
import { heartbeating } from './waiting.ts';

/** A bought service, and where its workload finds what it needs to use it; by ids and names. */
export interface BoughtService {
  readonly acquisition: AcquisitionId;
  readonly contract: ContractId;
  /** The seller's address. */
  readonly seller: string;
  /** Its name in the intent, which is the Secret's too. */
  readonly service: string;
  readonly namespace: string;
}

/** Phase 4 of services: instead of peering, what the seller made is handed over. */
export const handoverActivities = ({
  peers,
  contracts,
  cluster,
  self,
}: Pick<ActivityDeps, 'peers' | 'contracts' | 'cluster' | 'self'>) => ({
  /**
   * What the seller made, written where the workload mounts it by the activity that gets it: no history ever holds it. SERVICE_PENDING, which passes, while it is being made. The allocation becomes
   * active with it.
   */
  async handOver({ acquisition, contract, seller, service, namespace }: BoughtService): Promise<void> {
    await heartbeating(async (signal) => {
      const handover = await peers.at(seller, { signal }).handover({ contract, buyer: self });
      if (handover.manifests !== undefined) throw new Fault('PEER_LIED', 'it was bought hosted by its seller, and comes as manifests');
      // Whoever is given up on must not write it after somebody took it away.
      signal.throwIfAborted();
      await cluster.handOver({ namespace, service, acquisition, handover });
      await contracts.activate(contract);
    });
  },
  async takeBack({ acquisition }: { acquisition: AcquisitionId }): Promise<void> {
    await cluster.takeBack({ acquisition });
  },
});
