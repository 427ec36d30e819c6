import type { ContractState } from '../src/domain/contract.ts';
import { isFault } from '../src/domain/faults.ts';
import type { AcquisitionId, ClusterId, ContractId, IntentName } from '../src/domain/ids.ts';
import type { Manifest } from '../src/domain/manifest.ts';
import type { Ending } from '../src/domain/reasons.ts';
import type { WorkloadHealth } from '../src/ports/cluster.ts';
import type { ActivityDeps } from './deps.ts';
import { waiting } from './waiting.ts';

/** A workload by ids; `acquisition` and `seller` are absent at home. */
export interface WorkloadRef {
  readonly intent: IntentName;
  readonly namespace: string;
  readonly manifests: readonly Manifest[];
  readonly acquisition?: AcquisitionId;
  readonly seller?: ClusterId;
}

/** How many pods of a workload a history keeps. */
const MOST_PODS = 20;
const short = (health: WorkloadHealth): WorkloadHealth => ({ ...health, pods: health.pods.slice(0, MOST_PODS) });

/** Phase 5: the workload in its place. */
export const usageActivities = ({ cluster, timing }: Pick<ActivityDeps, 'cluster' | 'timing'>) => ({
  async ensureNamespace(input: { intent: IntentName; namespace: string; runId: string }): Promise<void> {
    await cluster.ensureNamespace(input);
  },
  async removeNamespace(input: { namespace: string; runId: string }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => cluster.removeNamespace(input, wait));
  },
  async offload(input: { namespace: string; sellers: readonly ClusterId[] }): Promise<void> {
    await waiting(timing.offloadMs, (wait) => cluster.offload(input, wait));
  },
  async moveOffloadingAway(input: { namespace: string }): Promise<void> {
    await cluster.moveOffloadingAway(input);
  },
  async removeOffloading(input: { namespace: string }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => cluster.removeOffloading(input, wait));
  },
  async applyWorkload({ intent, namespace, manifests, acquisition }: WorkloadRef): Promise<void> {
    await cluster.applyWorkload({ intent, namespace, manifests, ...(acquisition && { acquisition }) });
  },
  async awaitWorkload(input: WorkloadRef): Promise<WorkloadHealth> {
    return short(await waiting(timing.workloadMs, (wait) => cluster.awaitWorkload(input, wait)));
  },
  async removeWorkload(input: { intent: IntentName; namespace: string }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => cluster.removeWorkload(input, wait));
  },
});

/** Looks that change nothing: run when a signal says that something may have. */
export const observingActivities = ({
  cluster,
  fabric,
  peers,
  processes,
}: Pick<ActivityDeps, 'cluster' | 'fabric' | 'peers' | 'processes'>) => ({
  async observeWorkload(input: WorkloadRef): Promise<WorkloadHealth> {
    return short(await cluster.workloadHealth(input));
  },
  async observeNode({ acquisition }: { acquisition: AcquisitionId }): Promise<{ ready: boolean; since?: number }> {
    const { present, ready, since } = await fabric.nodeHealth({ acquisition });
    return { ready: present && ready, ...(since !== undefined && { since }) };
  },
  /** Reads a contract back from its seller's pinned address, since a notice is only a hint. A seller that is away says nothing: silence ends no contract. */
  async readContractBack({
    contract,
    seller,
  }: {
    contract: ContractId;
    seller: string;
  }): Promise<{ state: ContractState | 'silent'; ending?: Ending }> {
    try {
      return await peers.at(seller).readContract(contract);
    } catch (error) {
      if (!isFault(error)) throw error;
      if (error.code === 'CONTRACT_UNKNOWN')
        return { state: 'over', ending: { reason: 'breach', detail: 'the seller does not know the contract' } };
      return { state: 'silent' };
    }
  },
  async isOpen({ workflowId }: { workflowId: string }): Promise<boolean> {
    return await processes.isOpen(workflowId);
  },
});
