import type { Contract } from '../src/domain/contract.ts';
import { type AcquisitionId, type ClusterId, type ContractId, acquisitionId, contractId, workflowIds } from '../src/domain/ids.ts';
import type { PeeringUser } from '../src/domain/peering.ts';
import type { Ending } from '../src/domain/reasons.ts';
import type { IntentNamespace } from '../src/ports/cluster.ts';
import type { MeetingPlace } from '../src/ports/fabric.ts';
import type { ActivityDeps } from './deps.ts';
import { buyerPatienceMs, denying } from './peering.ts';
import { known } from './seller-faults.ts';
import { tell } from './selling.ts';

/** What one comparison reads once. */
export interface Known {
  /** Ids of all workflows that ran when the comparison began; of one that is not among them it is asked whether it began since. */
  readonly open: ReadonlySet<string>;
  /** The contracts of these workflows. */
  readonly contracts: () => Promise<readonly Contract[]>;
  /** What stands in the cluster; absent when nobody could tell. */
  readonly places: readonly MeetingPlace[] | undefined;
}

/** What of this node nobody answers for any more, and what is done about it; each answers in a line what it did, or nothing when all is well. */
export interface Mending {
  /** A living contract whose own workflow is gone. */
  readonly contract: (contract: Contract, among: Known, signal: AbortSignal) => Promise<string | undefined>;
  /** Users of a peering whose workflows are gone, or whose tenant was taken away by somebody. */
  readonly peering: (peer: ClusterId, among: Known) => Promise<string | undefined>;
  /** What contracts with a peer share, when no workflow owns it any more. */
  readonly place: (place: MeetingPlace, among: Known) => Promise<string | undefined>;
  /** The namespace of an intent whose workflow is gone, or a user's own that it offloaded. */
  readonly namespace: (space: IntentNamespace, signal: AbortSignal) => Promise<string | undefined>;
  /** An acquisition whose intent is gone: it would hold, and cost, until its contract expires. */
  readonly acquisition: (id: AcquisitionId) => Promise<string | undefined>;
  /** An instance of a blueprint whose contract nobody serves any more. */
  readonly instance: (contract: ContractId, among: Known, signal: AbortSignal) => Promise<string | undefined>;
  /** What runs here for an acquisition that nobody holds any more. */
  readonly bought: (id: AcquisitionId, among: Known, signal: AbortSignal) => Promise<string | undefined>;
}

const CLOSED: Ending = { reason: 'operator', detail: 'its workflow was closed by somebody; reconciled' };
const UNWANTED: Ending = { reason: 'operator', detail: 'its intent was closed by somebody; reconciled' };

/** An acquisition that never was. */
const NOBODY = acquisitionId('nobody');

const lacksTenant = (peer: ClusterId, places: readonly MeetingPlace[]): boolean =>
  !places.some((place) => place.peer === peer && place.tenantWhole);

/** Who a contract with that cluster is, to its peering. */
function userOf({ terms, role, acquisition }: Contract, peer: ClusterId, replyTo: string): PeeringUser | undefined {
  // Nothing is peered for an instance of a blueprint.
  if (terms.service) return undefined;
  const contract = terms.id;
  if (role === 'seller') return terms.buyerCluster === peer ? { contract, direction: 'sold', replyTo } : undefined;
  return acquisition && terms.sellerCluster === peer ? { contract, direction: 'bought', acquisition, replyTo } : undefined;
}

export function openMending({
  contracts,
  inventory,
  processes,
  peers,
  fabric,
  cluster,
  hosting,
  audit,
  self,
  timing,
}: Pick<
  ActivityDeps,
  'contracts' | 'inventory' | 'processes' | 'peers' | 'fabric' | 'cluster' | 'hosting' | 'audit' | 'self' | 'timing'
>): Mending {
  const processOf = ({ terms, role, acquisition }: Contract): string | undefined =>
    role === 'seller' ? workflowIds.contract(terms.transaction) : acquisition && workflowIds.acquisition(acquisition);

  const runs = async (workflowId: string, { open }: Known): Promise<boolean> =>
    open.has(workflowId) || (await processes.isOpen(workflowId));
  /** Living in the table with nobody to end it. Asked in this order: a process that closes meanwhile has written its row before. */
  const isOrphan = async (contract: Contract, among: Known): Promise<boolean> => {
    const workflowId = processOf(contract);
    if (!workflowId || (await runs(workflowId, among))) return false;
    const now = await contracts.get(contract.terms.id);
    return now !== undefined && now.state !== 'over';
  };
  /** Whoever is over has nobody to say so: a contract that still lives is mended first. */
  const isGone = async ({ replyTo, contract }: PeeringUser, among: Known): Promise<boolean> => {
    if (await runs(replyTo, among)) return false;
    const row = await contracts.get(contract);
    return row === undefined || row.state === 'over';
  };

  return {
    async contract(contract, among, signal) {
      if (!(await isOrphan(contract, among))) return undefined;
      const { terms, role, acquisition } = contract;
      const ending = contract.ending ?? CLOSED;
      const replyTo = processOf(contract) ?? '';
      if (role === 'seller') {
        const sold = { buyer: terms.buyerCluster, contract: terms.id };
        const wait = { timeoutMs: timing.undoRoundMs, signal };
        // The reason is written first: the buyer, once told, reads it back.
        await contracts.markEnding({ contract: terms.id, ending });
        const { told, mute } = await tell(peers, { contract: terms.id, buyer: terms.buyer.address, ending }, timing);
        if (terms.service) await hosting.remove({ contract: terms.id }, wait);
        else {
          await fabric.stopSlice(sold, wait);
          const denies = denying(audit, sold, 'CONTRACT_OVER');
          await fabric.removeReplica({ ...sold, patienceMs: buyerPatienceMs(timing), denies }, wait);
        }
        // Only now it is over here: whoever is interrupted before begins again, and the buyer's own teardown had the tenant.
        await inventory.giveBack({ contract: terms.id, transaction: terms.transaction, ending });
        if (!terms.service) await processes.leavePeering(terms.buyerCluster, { contract: terms.id, direction: 'sold', replyTo });
        return `${terms.id} was sold and nobody served it: ${told ? 'its buyer told' : mute ? 'its buyer’s node takes no notice of an end' : 'its buyer did not answer'}, stopped, given back`;
      }
      let told = 'its seller told';
      if (acquisition) {
        const slice = { seller: terms.sellerCluster, acquisition };
        if (terms.service) {
          await cluster.takeBack({ acquisition });
          await hosting.removeBought({ acquisition }, { timeoutMs: timing.undoRoundMs, signal });
        } else {
          await fabric.withdrawSlice(slice);
          await fabric.awaitSliceGone(slice, { timeoutMs: timing.undoRoundMs, signal });
        }
        // The seller takes it for our word that nothing of ours needs its tenant any more.
        const { residue } = await known(peers.at(terms.seller.address, { signal }).terminate({ contract: terms.id, buyer: self, ending }));
        if (residue) told = `residue at ${terms.seller.domain}, whose FLUIDOS node knows no termination`;
        await fabric.dropCredentials({ acquisition });
        if (!terms.service)
          await processes.leavePeering(terms.sellerCluster, { contract: terms.id, direction: 'bought', acquisition, replyTo });
      }
      await contracts.markOver({ contract: terms.id, ending });
      return `${terms.id} was bought and nobody held it: withdrawn, ${told}`;
    },
    async peering(peer, among) {
      const left: string[] = [];
      let seller: PeeringUser | undefined;
      for (const user of await processes.peeringUsers(peer)) {
        if (!(await isGone(user, among))) {
          if (user.direction === 'sold') seller = user;
          continue;
        }
        await processes.leavePeering(peer, user);
        left.push(user.contract);
      }
      const told = left.length === 0 ? [] : [`the peering with ${peer} was kept for contracts that are over: ${left.join(', ')}`];
      const { places } = among;
      // Looked at once more: the list may be older than the sale.
      if (seller && places && lacksTenant(peer, places) && lacksTenant(peer, await fabric.meetingPlaces())) {
        await processes.joinPeering(peer, seller);
        told.push(`the tenant of ${peer} was not whole: its peering builds it again for ${seller.contract}`);
      }
      return told.length === 0 ? undefined : told.join('; ');
    },
    async place({ peer }, among) {
      if (await runs(workflowIds.peering(peer), among)) return undefined;
      // Asked in this order: a peering that closes in good order took its place away before, and whoever takes it over would build it anew for nobody.
      const now = (await fabric.meetingPlaces()).find((place) => place.peer === peer);
      if (now === undefined) return undefined;
      const { tenant, identity } = now;
      // One that is over may still need it for its buyer's teardown.
      const users: PeeringUser[] = (await among.contracts()).flatMap((contract) => {
        const replyTo = processOf(contract);
        const user = replyTo !== undefined && among.open.has(replyTo) ? userOf(contract, peer, replyTo) : undefined;
        return user ? [user] : [];
      });
      // Nobody: then somebody who is over, so that the peering's own workflow takes everything away once he is told to leave, by the next comparison.
      const nobody = { contract: contractId('nobody'), replyTo: workflowIds.acquisition(NOBODY) };
      if (users.length === 0 && identity) users.push({ ...nobody, direction: 'bought', acquisition: NOBODY });
      if (users.length === 0 || (tenant && !users.some(({ direction }) => direction === 'sold')))
        users.push({ ...nobody, direction: 'sold' });
      for (const user of users) await processes.joinPeering(peer, user);
      return `what we share with ${peer} was of no peering that runs: taken over for ${users.map(({ contract }) => contract).join(', ')}`;
    },
    async namespace({ intent, namespace, runId }, signal) {
      if (await processes.runsIntent(intent, runId)) return undefined;
      const wait = { timeoutMs: timing.undoRoundMs, signal };
      await cluster.removeWorkload({ namespace, intent }, wait);
      await cluster.removeOffloading({ namespace, runId }, wait);
      await cluster.removeNamespace({ namespace, runId }, wait);
      return `namespace ${namespace} was of no intent that runs: given back`;
    },
    async instance(contract, among, signal) {
      const sold = await contracts.get(contract);
      // One that lives is mended first, and one that is being undone is somebody's.
      if (sold && (sold.state !== 'over' || (await runs(workflowIds.contract(sold.terms.transaction), among)))) return undefined;
      await hosting.remove({ contract }, { timeoutMs: timing.undoRoundMs, signal });
      return `an instance was of ${contract}, which is ${sold ? 'over' : 'not known here'}: removed`;
    },
    async bought(acquisition, among, signal) {
      if (await runs(workflowIds.acquisition(acquisition), among)) return undefined;
      // One whose contract lives is mended with it.
      const contract = await contracts.ofAcquisition(acquisition);
      if (contract && contract.state !== 'over') return undefined;
      await hosting.removeBought({ acquisition }, { timeoutMs: timing.undoRoundMs, signal });
      return `what ran here was of acquisition ${acquisition}, which nobody holds: removed`;
    },
    async acquisition(id) {
      if (await processes.isWanted(id)) return undefined;
      await processes.releaseAcquisition(id, UNWANTED);
      return `acquisition ${id} was held for no intent that runs: released`;
    },
  };
}
