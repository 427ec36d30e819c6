import type { Agreement } from '../src/domain/agreement.ts';
import type { Candidate } from '../src/domain/candidate.ts';
import { checkContract } from '../src/domain/contract-check.ts';
import type { ContractTerms } from '../src/domain/contract.ts';
import { isBlueprint } from '../src/domain/flavor.ts';
import { partGpu } from '../src/domain/gpu.ts';
import { type AcquisitionId, type ClusterId, type ContractId, type TransactionId, contractOf } from '../src/domain/ids.ts';
import type { Ending } from '../src/domain/reasons.ts';
import { Fault, isFault } from '../src/domain/faults.ts';
import type { Notary } from '../src/ports/notary.ts';
import type { KnownNodes } from '../src/ports/records.ts';
import { allOf, couldBeDone } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';
import { known, namedBy, ofSale, type Stage, tellFailed } from './seller-faults.ts';
import { requestSlice } from './slices.ts';
import { asking, heartbeating } from './waiting.ts';

/** What a buyer's saga keeps of a contract. The terms are in the table. */
export interface Bought {
  readonly contract: ContractId;
  readonly sellerCluster: ClusterId;
  /** Our identity there stands, and these credentials would not better it. */
  readonly identityStands: boolean;
  /** Present when its peering was joined too. */
  readonly joined?: true;
  /** Present when its slice was asked for too. */
  readonly asked?: true;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** For how long the seller may be asked to go on at a time, in milliseconds; absent where it may not. */
  readonly renewsForMs?: number;
}

/** So long after its start, in milliseconds, a purchase may begin the next steps: they must not come after it was given up, which is ten seconds later. */
const FURTHER_MS = 4_000;
/** The longest that a contract may last: a FLUIDOS node sells for 365 days. */
const LONGEST_CONTRACT_MS = 366 * 86_400_000;

/** What a seller of our dialect signed, with our signature beside it. */
async function agreed(notary: Notary, terms: ContractTerms, offered: Agreement | undefined): Promise<Agreement> {
  if (!offered) throw new Fault('PEER_LIED', `${terms.seller.id} did not sign its contract`, { contract: terms.id });
  return await notary.countersign({ terms, agreement: offered });
}

/** A cluster belongs to the node that first named it: another seller under its id would take over our peering with it. */
async function bindCluster(knownNodes: Pick<KnownNodes, 'bindCluster'>, { sellerCluster, seller }: ContractTerms): Promise<void> {
  try {
    await knownNodes.bindCluster(sellerCluster, seller.id);
  } catch (error) {
    if (!isFault(error) || error.code !== 'BUYER_REFUSED') throw error;
    throw new Fault('PEER_LIED', `${seller.id} says that its cluster is ${sellerCluster}: ${error.message}`);
  }
}

type BuyerDeps = Pick<
  ActivityDeps,
  'peers' | 'contracts' | 'audit' | 'knownNodes' | 'notary' | 'fabric' | 'processes' | 'self' | 'clock' | 'timing'
>;

const join = (
  { processes }: Pick<ActivityDeps, 'processes'>,
  { terms, acquisition, replyTo }: { terms: ContractTerms; acquisition: AcquisitionId; replyTo: string },
): Promise<void> =>
  processes.joinPeering(terms.sellerCluster, { contract: terms.id, direction: 'bought', acquisition, replyTo, stands: true });

/** Phase 3, buyer: a hold, then a contract. */
export const buyingActivities = (deps: BuyerDeps) => ({
  async reserve({ acquisition, candidate }: { acquisition: AcquisitionId; candidate: Candidate }): Promise<{ transaction: TransactionId }> {
    const { peers, audit, fabric, self } = deps;
    const { flavor, part, service: wanted, seller } = candidate;
    const reserving = heartbeating(async (signal) => {
      const buyer = { ...self, clusterId: await fabric.clusterId() };
      const gpu = flavor.offer.kind === 'k8slice' ? partGpu(flavor.offer, part.gpu) : undefined;
      const service = wanted && isBlueprint(flavor) ? { service: { kind: flavor.offer.kind, ...wanted } } : {};
      const hold = { flavor: flavor.id, buyer, part, ...(gpu && { gpu }), ...service, idempotencyKey: acquisition };
      const { id } = await peers.at(seller.address, { signal }).reserve(hold);
      return { transaction: id };
    });
    return await reserving.catch(async (error: unknown) => {
      await tellLie(audit, error, { peer: seller.id, address: seller.address });
      throw error;
    });
  },
  /**
   * PURCHASE; what it brings is stored by the same activity, credentials as a Secret: they never enter a history. `replyTo` is the workflow that entered the next steps too: where our identity
   * stands nobody has to answer anything before the peering is joined and the slice asked for, so both is done here.
   */
  async buy({
    acquisition,
    candidate,
    transaction,
    replyTo,
  }: {
    acquisition: AcquisitionId;
    candidate: Candidate;
    transaction: TransactionId;
    replyTo?: string;
  }): Promise<Bought> {
    const { peers, contracts, audit, knownNodes, notary, fabric, self, clock, timing } = deps;
    const startedAt = clock.now();
    let stage: Stage = 'before';
    let bought: ContractId | undefined;
    let named: ContractTerms | undefined;
    const buying = heartbeating(async (signal) => {
      const buyer = { ...self, clusterId: await fabric.clusterId() };
      const seller = peers.at(candidate.seller.address, { signal });
      stage = 'asked';
      const {
        terms,
        credentials,
        agreement: offered,
      } = await asking(signal, (inTime) => peers.at(candidate.seller.address, { signal: inTime }).purchase({ transaction, buyer }));
      stage = 'answered';
      named = terms;
      const { flavor, part, service, dialect } = candidate;
      const lifetimeMs = { min: timing.shortestContractMs, max: LONGEST_CONTRACT_MS };
      const asked = { transaction, flavor, part, ...(service && { service }), buyer, dialect, lifetimeMs, skewMs: timing.clockSkewMs };
      checkContract(asked, terms, clock.now());
      // What may go on together does; whatever fails, the whole attempt is given up when all of it has ended.
      const [agreement] = await allOf([
        dialect === 'fluidos' ? undefined : agreed(notary, terms, offered),
        bindCluster(knownNodes, terms),
      ] as const);
      const storeAccess = async (): Promise<boolean> => {
        if (service !== undefined) return false;
        if (credentials === undefined) throw new Fault('PEER_LIED', 'a contract for a slice without credentials');
        const { identityStands } = await fabric.storeCredentials({ acquisition, credentials, renewable: dialect !== 'fluidos' });
        return identityStands && credentials.clusterId === terms.sellerCluster;
      };
      const store = async (): Promise<void> => {
        await contracts.storeBought({ terms, acquisition, ...(agreement && { agreement }) });
        // Not sooner: what is not ours may be the id of a contract with somebody else.
        bought = terms.id;
      };
      const [, stands] = await allOf([store(), storeAccess()] as const);
      // Last: what refused to be used must not be signed by us.
      const signature = agreement?.signatures[1];
      const isAsNamed = terms.id === contractOf(transaction) && terms.sellerCluster === candidate.seller.clusterId;
      const goesOn = (): boolean => !signal.aborted && stands && isAsNamed && clock.now() - startedAt < FURTHER_MS;
      const [, joined] = await allOf([
        signature && seller.countersign({ contract: terms.id, buyer, signature }),
        replyTo !== undefined && goesOn() && couldBeDone(() => join(deps, { terms, acquisition, replyTo })),
      ] as const);
      // The seller lets nothing in of what only it signed.
      const isSliceAsked =
        joined &&
        goesOn() &&
        (await couldBeDone(() => requestSlice(fabric, { acquisition, seller: terms.sellerCluster, terms, sliceClass: 'rearguard' })));
      const { renewal } = terms.flavor.terms ?? {};
      return {
        contract: terms.id,
        sellerCluster: terms.sellerCluster,
        identityStands: stands,
        ...(joined && { joined }),
        ...(isSliceAsked && { asked: isSliceAsked }),
        expiresAt: Date.parse(terms.expiresAt),
        ...(renewal && agreement && { renewsForMs: renewal.forMs }),
      };
    });
    return await buying.catch(async (error: unknown) => {
      const { seller } = candidate;
      const contract = bought ?? (named && isFault(error) ? await namedBy(contracts, named, { transaction, seller }) : undefined);
      await tellFailed(audit, error, { seller, contract });
      throw ofSale(error, stage);
    });
  },
  /**
   * Everything that this attempt has: credentials and row here, hold or contract at the seller. The seller is told by the contract's id, or by our own key when the
   * answer to PURCHASE never came: it then ends the contract that we do not know of.
   */
  async giveUp({
    acquisition,
    seller,
    ending,
  }: {
    acquisition: AcquisitionId;
    seller: string;
    ending: Ending;
  }): Promise<{ residue: boolean }> {
    const { peers, contracts, fabric, self } = deps;
    return await heartbeating(async (signal) => {
      await fabric.dropCredentials({ acquisition });
      const bought = await contracts.ofAcquisition(acquisition);
      const peer = peers.at(seller, { signal });
      if (!bought) return await known(peer.release({ buyer: self, idempotencyKey: acquisition }));
      const contract = bought.terms.id;
      const told = await known(peer.terminate({ contract, buyer: self, ending }));
      await contracts.markOver({ contract, ending });
      return told;
    });
  },
});
