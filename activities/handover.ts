import type { Handover } from '../src/domain/contract.ts';
import { Fault } from '../src/domain/faults.ts';
import type { HostingPolicy } from '../src/domain/flavor.ts';
import { type HostedBound, handedOverHere } from '../src/domain/hosted.ts';
import { hostedProblems } from '../src/domain/hosted-check.ts';
import type { AcquisitionId, ContractId } from '../src/domain/ids.ts';
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';
import { heartbeating, waiting } from './waiting.ts';

/** A bought service, and where its workload finds what it needs to use it; by ids and names. */
export interface BoughtService {
  readonly acquisition: AcquisitionId;
  readonly contract: ContractId;
  /** The seller's address. */
  readonly seller: string;
  /** Its name in the intent, which is the Secret's too. */
  readonly service: string;
  readonly namespace: string;
  /** What it may take here; where it is hosted here, in whole or in part. */
  readonly bound?: HostedBound;
}

/** A bought service that runs here, in whole or in part. */
export type HostedService = Pick<BoughtService, 'acquisition' | 'contract' | 'seller'> & Required<Pick<BoughtService, 'bound'>>;

/** Refusals of manifests that are told; all of them are the seller's to mend. */
const MOST_TOLD = 8;
const LONGEST_WORDS = 1_000;

/** Whether we run that: PEER_LIED, MANIFESTS_REFUSED with what is wrong with the manifests. */
function lookThrough(
  handover: Handover,
  { bound, ...held }: Pick<HostedService, 'acquisition' | 'bound'> & { readonly policy: HostingPolicy | undefined },
): void {
  handedOverHere(handover, held);
  const wrong = hostedProblems(handover.manifests ?? [], bound).map(({ field, problem }) =>
    field === '' ? problem : `${field} ${problem}`,
  );
  const more = wrong.length > MOST_TOLD ? [`and ${wrong.length - MOST_TOLD} more`] : [];
  const words = [...wrong.slice(0, MOST_TOLD), ...more].join('; ').slice(0, LONGEST_WORDS);
  if (wrong.length > 0) throw new Fault('MANIFESTS_REFUSED', `what is to be run here is refused: ${words}`, {});
}

/** What the seller hands over, once `take` took it; of what it lies about the audit tells. */
async function handedOver<T>(
  { peers, contracts, audit, self }: Pick<ActivityDeps, 'peers' | 'contracts' | 'audit' | 'self'>,
  { contract, seller, signal }: { readonly contract: ContractId; readonly seller: string; readonly signal?: AbortSignal },
  take: (handover: Handover, policy: HostingPolicy | undefined) => T,
): Promise<T> {
  const bought = await contracts.get(contract);
  try {
    const handover = await peers.at(seller, signal && { signal }).handover({ contract, buyer: self });
    return take(handover, bought?.terms.service?.hostingPolicy);
  } catch (error) {
    await tellLie(audit, error, { peer: bought?.terms.seller.id ?? seller, address: seller, contract });
    throw error;
  }
}

/** Phase 4 of services: instead of peering, what the seller made is handed over. */
export const handoverActivities = (
  deps: Pick<ActivityDeps, 'peers' | 'contracts' | 'audit' | 'cluster' | 'hosting' | 'self' | 'timing'>,
) => ({
  /**
   * Runs here what the seller hands over to be run, once all of it was looked at. MANIFESTS_REFUSED with what is wrong with them, before anything is applied; SERVICE_PENDING, which passes, while the seller
   * makes its own part.
   */
  async hostBought({ acquisition, contract, seller, bound }: HostedService): Promise<void> {
    await waiting(deps.timing.hostingMs, async (wait) => {
      const handover = await handedOver(deps, { contract, seller, ...(wait.signal && { signal: wait.signal }) }, (given, policy) => {
        lookThrough(given, { acquisition, bound, policy });
        return given;
      });
      const { manifests = [], secret, endpoint } = handover;
      // Whoever is given up on must not make it after somebody took it away.
      wait.signal?.throwIfAborted();
      await deps.hosting.hostBought({ acquisition, manifests, bound, secret, ...(endpoint && { sellersPart: endpoint }) }, wait);
    });
  },
  async removeBought({ acquisition }: { acquisition: AcquisitionId }): Promise<void> {
    await waiting(deps.timing.undoRoundMs, (wait) => deps.hosting.removeBought({ acquisition }, wait));
  },
  /**
   * What the seller made, written where the workload mounts it by the activity that gets it: no history ever holds it. SERVICE_PENDING, which passes, while it is being made. The allocation becomes
   * active with it.
   */
  async handOver({ acquisition, contract, seller, service, namespace, bound }: BoughtService): Promise<void> {
    await heartbeating(async (signal) => {
      const handover = await handedOver(deps, { contract, seller, signal }, (given, policy) => {
        if (!bound && given.manifests !== undefined)
          throw new Fault('PEER_LIED', 'it was bought hosted by its seller, and comes as manifests');
        return bound ? handedOverHere(given, { acquisition, policy }) : given;
      });
      // Whoever is given up on must not write it after somebody took it away.
      signal.throwIfAborted();
      await deps.cluster.handOver({ namespace, service, acquisition, handover });
      await deps.contracts.activate(contract);
    });
  },
  async takeBack(input: { acquisition: AcquisitionId; namespace?: string }): Promise<void> {
    await deps.cluster.takeBack(input);
  },
});
