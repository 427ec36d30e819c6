import type { ContractState, EndNotice } from '../src/domain/contract.ts';
import { Fault, isFault } from '../src/domain/faults.ts';
import type { AcquisitionId, ClusterId, ContractId, IntentName } from '../src/domain/ids.ts';
import type { Manifest } from '../src/domain/manifest.ts';
import type { Ending } from '../src/domain/reasons.ts';
import type { WorkloadHealth } from '../src/ports/cluster.ts';
import type { Peer } from '../src/ports/peer.ts';

export type { WorkloadHealth };
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';
import { tellBrokenNotice } from './notices.ts';
import { heartbeating, waiting } from './waiting.ts';

/** A workload by ids; `acquisition` and `seller` are absent at home. */
export interface WorkloadRef {
  readonly intent: IntentName;
  readonly namespace: string;
  readonly manifests: readonly Manifest[];
  readonly acquisition?: AcquisitionId;
  readonly seller?: ClusterId;
}

/** A namespace; `runId` marks it as ours to make and delete, absent for a user's own; `run` is the run for which it is offloaded, either way. */
export interface SpaceRef {
  readonly namespace: string;
  readonly runId?: string;
  readonly run?: string;
}

/** How many pods of a workload a history keeps. */
const MOST_PODS = 20;
const short = (health: WorkloadHealth): WorkloadHealth => ({ ...health, pods: health.pods.slice(0, MOST_PODS) });

/** Phase 5: the workload in its place. */
export const usageActivities = ({ cluster, fabric, timing }: Pick<ActivityDeps, 'cluster' | 'fabric' | 'timing'>) => ({
  /**
   * The namespace as the workload needs it: ours (or the user's own, which is left alone), and offloaded to these sellers, or to nobody. A seller's node may come later. `once`: nothing is
   * made before the place is bought, and its slice accepted.
   */
  async prepareNamespace({
    intent,
    namespace,
    runId,
    run = runId,
    sellers,
    once,
  }: SpaceRef & {
    intent: IntentName;
    sellers: readonly ClusterId[];
    once?: { acquisition: AcquisitionId; seller: ClusterId; withinMs: number };
  }): Promise<void> {
    await heartbeating(async (signal, seen) => {
      if (once) await fabric.awaitAccepted(once, { timeoutMs: once.withinMs, signal, seen });
      if (runId !== undefined) await cluster.ensureNamespace({ intent, namespace, runId });
      if (sellers.length > 0) await cluster.offload({ namespace, sellers, ...(run !== undefined && { owner: { intent, runId: run } }) });
    });
  },
  /** The offloading goes first: Liqo's finalizer on it waits for the seller. */
  async removeNamespace({ namespace, runId, run = runId }: SpaceRef): Promise<void> {
    await waiting(timing.undoRoundMs, async (wait) => {
      await cluster.removeOffloading({ namespace, ...(run !== undefined && { runId: run }) }, wait);
      if (runId !== undefined) await cluster.removeNamespace({ namespace, runId }, wait);
    });
  },
  async moveOffloadingAway(input: { namespace: string; keep: readonly ClusterId[] }): Promise<void> {
    await heartbeating(() => cluster.moveOffloadingAway(input));
  },
  /**
   * One effect, the workload, as soon as its pods may leave; then until they run, read where they run. `nodeWithinMs`: its place is not held yet, and nothing is applied
   * before the virtual node is Ready.
   */
  async deploy({ nodeWithinMs, ...input }: WorkloadRef & { nodeWithinMs?: number }): Promise<WorkloadHealth> {
    const { intent, namespace, manifests, acquisition } = input;
    return await heartbeating(async (signal, seen) => {
      const ending = new AbortController();
      const wait = { signal: AbortSignal.any([signal, ending.signal]), seen };
      try {
        await Promise.all([
          acquisition && nodeWithinMs !== undefined ? fabric.awaitNode({ acquisition }, { ...wait, timeoutMs: nodeWithinMs }) : undefined,
          acquisition ? cluster.awaitOffloaded({ namespace }, { ...wait, timeoutMs: (nodeWithinMs ?? 0) + timing.offloadMs }) : undefined,
        ]);
      } finally {
        ending.abort();
      }
      await cluster.applyWorkload({ intent, namespace, manifests, ...(acquisition && { acquisition }) });
      return short(await cluster.awaitWorkload(input, { timeoutMs: timing.workloadMs, signal, seen }));
    });
  },
  async removeWorkload(input: { intent: IntentName; namespace: string }): Promise<void> {
    await waiting(timing.undoRoundMs, (wait) => cluster.removeWorkload(input, wait));
  },
});

/** What a seller says of a contract. */
interface ContractRead {
  readonly state: ContractState | 'silent';
  readonly ending?: Ending;
  /** It lives, and its seller says when it ends it early. */
  readonly notice?: EndNotice;
}

/** What came of the daily look at a contract. */
interface Tended extends ContractRead {
  /** Why our identity at its seller was not renewed, in words. */
  readonly notRenewed?: string;
}

/** A contract that is held, by ids. */
export interface HeldContract {
  readonly contract: ContractId;
  /** The seller's address. */
  readonly seller: string;
  readonly sellerCluster: ClusterId;
  readonly acquisition: AcquisitionId;
  /** The workflow that holds it. */
  readonly replyTo: string;
}

type ObservingDeps = Pick<
  ActivityDeps,
  'self' | 'cluster' | 'fabric' | 'peers' | 'processes' | 'telemetry' | 'contracts' | 'audit' | 'clock' | 'timing'
>;

/** Looks that change nothing: run when a signal says that something may have. */
export const observingActivities = (deps: ObservingDeps) => {
  const { self, cluster, fabric, peers, processes, telemetry, contracts, audit, timing } = deps;
  /** What a seller answers about a contract that is held; of its lies the audit tells. */
  const ofSeller = async <T>({ contract, seller }: Pick<HeldContract, 'contract' | 'seller'>, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const peer = async (): Promise<string> => (await contracts.get(contract))?.terms.seller.id ?? seller;
      await tellLie(audit, error, { peer, address: seller, contract });
      throw error;
    }
  };
  /** From the seller's pinned address, since a notice is only a hint. A seller that is away says nothing: silence ends no contract. `daily`: nobody told us, so what it says may have stood there since the look before. */
  const contractAt = async (
    { contract, seller, daily }: { contract: ContractId; seller: string; daily?: boolean },
    signal?: AbortSignal,
  ): Promise<ContractRead> => {
    const unseenMs = daily ? timing.lookMs : 0;
    let read: Awaited<ReturnType<Peer['readContract']>>;
    try {
      read = await ofSeller({ contract, seller }, () => peers.at(seller, signal && { signal }).readContract(contract));
    } catch (error) {
      if (!isFault(error)) throw error;
      if (error.code !== 'CONTRACT_UNKNOWN') return { state: 'silent' };
      const over = { state: 'over', ending: { reason: 'breach', detail: 'the seller does not know the contract' } } as const;
      await tellBrokenNotice(deps, { contract, said: { ...over, unknown: true }, unseenMs });
      return over;
    }
    if (read.notice || read.state !== 'active') await tellBrokenNotice(deps, { contract, said: read, unseenMs });
    if (read.notice) await contracts.giveNotice({ contract, notice: read.notice });
    return read;
  };
  return {
    async observeWorkload(input: WorkloadRef): Promise<WorkloadHealth> {
      const health = await cluster.workloadHealth(input);
      const { intent, acquisition, seller } = input;
      const where = { ...(acquisition && { acquisition }), ...(seller && { seller }) };
      telemetry.observed({ kind: 'workload', intent, state: health.state, pods: health.pods.length, ...where });
      return short(health);
    },
    async observeNode({ acquisition }: { acquisition: AcquisitionId }): Promise<{ ready: boolean; since?: number }> {
      const { present, ready, since } = await fabric.nodeHealth({ acquisition });
      telemetry.observed({ kind: 'node', acquisition, ready: present && ready });
      return { ready: present && ready, ...(since !== undefined && { since }) };
    },
    readContractBack: (input: { contract: ContractId; seller: string; daily?: boolean }): Promise<ContractRead> => contractAt(input),
    /**
     * The daily look at a held contract: is it still one, and has our identity at the seller time to live? A seller that is away says nothing, and is asked again
     * tomorrow: its tokens live for days. Credentials for another cluster than the contract's are a lie, and are not stored.
     */
    async tendContract({ contract, seller, acquisition, sellerCluster, replyTo }: HeldContract): Promise<Tended> {
      return await heartbeating(async (signal) => {
        const read = await contractAt({ contract, seller, daily: true }, signal);
        if (read.state !== 'active') return read;
        try {
          await ofSeller({ contract, seller }, async () => {
            const credentials = await peers.at(seller, { signal }).refreshCredentials({ contract, buyer: self });
            if (credentials.clusterId !== sellerCluster)
              throw new Fault('PEER_LIED', `its new credentials are for cluster ${credentials.clusterId}, not for ${sellerCluster}`);
            await fabric.storeCredentials({ acquisition, credentials, renewable: true });
          });
          // It may have been let go meanwhile: then nobody would ever leave.
          signal.throwIfAborted();
          await processes.joinPeering(sellerCluster, { contract, direction: 'bought', acquisition, replyTo });
        } catch (error) {
          if (!isFault(error)) throw error;
          return { ...read, notRenewed: `${error.code}: ${error.message}` };
        }
        return read;
      });
    },
    async isOpen({ workflowId }: { workflowId: string }): Promise<boolean> {
      return await processes.isOpen(workflowId);
    },
  };
};
