import { Context } from '@temporalio/activity';
import type { Agreement } from '../src/domain/agreement.ts';
import type { Candidate } from '../src/domain/candidate.ts';
import { checkContract } from '../src/domain/contract-check.ts';
import type { ContractTerms } from '../src/domain/contract.ts';
import { isBlueprint, type NodeIdentity } from '../src/domain/flavor.ts';
import { partGpu } from '../src/domain/gpu.ts';
import { type AcquisitionId, type ClusterId, type ContractId, type TransactionId, contractOf } from '../src/domain/ids.ts';
import type { Ending } from '../src/domain/reasons.ts';
import { Fault, type FaultCode, isFault, isUnsupported } from '../src/domain/faults.ts';
import type { Audit } from '../src/ports/audit.ts';
import type { Notary } from '../src/ports/notary.ts';
import type { KnownNodes } from '../src/ports/records.ts';
import { allOf, couldBeDone } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';
import { tellLie } from './lies.ts';
import { requestSlice } from './slices.ts';
import { heartbeating } from './waiting.ts';

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

/** Whether the peer has a message for it; a FLUIDOS seller knows neither release nor termination, so what it keeps until it expires is residue at the peer. */
export async function known(work: Promise<void>): Promise<{ residue: boolean }> {
  try {
    await work;
    return { residue: false };
  } catch (error) {
    if (isUnsupported(error)) return { residue: true };
    if (isFault(error) && error.code === 'CONTRACT_UNKNOWN') return { residue: false };
    throw error;
  }
}

/** What a seller says of what it has not sold, and never will under this reservation. What else it answers, silence among it, may come after the sale. */
const NOT_SOLD: ReadonlySet<FaultCode> = new Set([
  'FLAVOR_GONE',
  'NOT_ENOUGH',
  'CONFIGURATION_INVALID',
  'HOLD_EXPIRED',
  'HOLD_RELEASED',
  'CONTRACT_UNKNOWN',
  'LIMIT_REACHED',
  'TOO_MANY_HOLDS',
]);
/** How far a purchase had come. */
type Stage = 'before' | 'asked' | 'answered';
/**
 * A fault of a purchase; the fact `unsold` says that nothing was sold. Who is refused by name, or never asked, bought nothing either, unless an earlier try did whose answer was lost. After one a bare status does not count, since
 * a seller that forgot what it sold answers so too, and whatever stands before it: only a seller of our dialect that names the fault does.
 */
function ofSale(error: unknown, stage: Stage): unknown {
  if (!isFault(error) || stage === 'answered') return error;
  const isFirst = Context.current().info.attempt === 1;
  const saysSo = NOT_SOLD.has(error.code) && (isFirst || error.facts['named'] === true);
  const unsold = saysSo || (isFirst && (stage === 'before' || error.code === 'BUYER_REFUSED'));
  return unsold ? new Fault(error.code, error.message, { ...error.facts, unsold }) : error;
}

/** Work with a peer that heartbeats, and of whose lies the audit tells, whatever becomes of it, under the contract that it is about; and of its silence, where it may have sold all the same. */
const withPeer =
  (
    audit: Pick<Audit, 'tally'>,
    { silence = false, bought }: { readonly silence?: boolean; readonly bought?: () => Promise<ContractId | undefined> } = {},
  ) =>
  async <T>(seller: NodeIdentity, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await heartbeating(work);
    } catch (error) {
      const { id: peer, address } = seller;
      const contract = isFault(error) ? await bought?.() : undefined;
      const isLie = await tellLie(audit, error, { peer, address, ...(contract !== undefined && { contract }) });
      if (!isLie && silence && isFault(error) && error.code === 'PEER_TIMEOUT')
        await audit.tally({
          kind: 'peer-silent',
          peer,
          code: error.code,
          detail: error.message,
          ...(contract !== undefined && { contract }),
        });
      throw error;
    }
  };

/**
 * As what the audit knows the contract that a seller sold us, also before it is ours: by the id that follows from what was reserved there, unless that is the id of a contract which we have with somebody else. An id of the seller's own making proves nothing.
 */
async function namedBy(
  contracts: Pick<BuyerDeps['contracts'], 'get'>,
  { id, transaction }: Pick<ContractTerms, 'id' | 'transaction'>,
  asked: { readonly transaction: TransactionId; readonly seller: NodeIdentity },
): Promise<ContractId | undefined> {
  if (transaction !== asked.transaction || id !== contractOf(transaction)) return undefined;
  try {
    const stored = await contracts.get(id);
    const isTheirs = stored?.role === 'buyer' && stored.terms.transaction === transaction && stored.terms.seller.id === asked.seller.id;
    return stored === undefined || isTheirs ? id : undefined;
  } catch {
    // What is told of it is worth more than its name.
    return undefined;
  }
}

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
    return await withPeer(audit)(candidate.seller, async (signal) => {
      const buyer = { ...self, clusterId: await fabric.clusterId() };
      const { flavor, part, service: wanted, seller } = candidate;
      const gpu = flavor.offer.kind === 'k8slice' ? partGpu(flavor.offer, part.gpu) : undefined;
      const service = wanted && isBlueprint(flavor) ? { service: { kind: flavor.offer.kind, ...wanted } } : {};
      const hold = { flavor: flavor.id, buyer, part, ...(gpu && { gpu }), ...service, idempotencyKey: acquisition };
      const { id } = await peers.at(seller.address, { signal }).reserve(hold);
      return { transaction: id };
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
    const name = async () => bought ?? (named && (await namedBy(contracts, named, { transaction, seller: candidate.seller })));
    const buying = withPeer(audit, { silence: true, bought: name })(candidate.seller, async (signal) => {
      const buyer = { ...self, clusterId: await fabric.clusterId() };
      const seller = peers.at(candidate.seller.address, { signal });
      stage = 'asked';
      const { terms, credentials, agreement: offered } = await seller.purchase({ transaction, buyer });
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
    return await buying.catch((error: unknown) => {
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
