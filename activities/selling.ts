import type { ContractTerms } from '../src/domain/contract.ts';
import { isFault, isUnsupported } from '../src/domain/faults.ts';
import { type AcquisitionId, type ClusterId, type ContractId, type TransactionId, contractOf } from '../src/domain/ids.ts';
import { hourly } from '../src/domain/money.ts';
import type { Ending } from '../src/domain/reasons.ts';
import type { Timing } from '../src/domain/timing.ts';
import type { Peers } from '../src/ports/peer.ts';
import { couldBeDone, within } from './deadline.ts';
import type { ActivityDeps } from './deps.ts';
import { heartbeating } from './waiting.ts';

/** What a seller's saga keeps of a contract. */
export interface Sold {
  readonly contract: ContractId;
  readonly buyerCluster: ClusterId;
  readonly buyerAddress: string;
  readonly acquisition?: AcquisitionId;
  readonly hourly?: string;
  /** Its tenant stood when it was sold, and is kept for it. */
  readonly tenantStands: boolean;
  /** Present when its peering was joined too. */
  readonly joined?: true;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Its buyer may ask for a later end. */
  readonly renewable?: boolean;
  /** What notice it is given before we end it early, in milliseconds. */
  readonly noticeMs?: number;
}

/** Whether a buyer heard that its contract ends; `mute` when its node has no such message, so that it never will. */
export interface Told {
  readonly told: boolean;
  readonly mute?: true;
}

/** Tells a buyer that its contract ends, or says that it could not be told. */
export async function tell(
  peers: Peers,
  { contract, buyer, ending }: { readonly contract: ContractId; readonly buyer: string; readonly ending: Ending },
  { nodeAnswerMs }: Timing,
): Promise<Told> {
  try {
    await within(nodeAnswerMs, peers.at(buyer, { stranger: true }).notifyEnd({ contract, ending }));
    return { told: true };
  } catch (error) {
    if (!isFault(error)) throw error;
    return { told: false, ...(isUnsupported(error) && { mute: true }) };
  }
}

type SellerDeps = Pick<
  ActivityDeps,
  'peers' | 'inventory' | 'notary' | 'contracts' | 'tenants' | 'processes' | 'self' | 'fabric' | 'contractMs' | 'timing' | 'limitsOf'
>;

/** Whether a sale could join its buyer's peering, which answers only when something fails; what could not be told now is told by the sale's next step. */
const hasJoined = ({ processes }: SellerDeps, { id, buyerCluster }: ContractTerms, replyTo: string): Promise<boolean> =>
  couldBeDone(() => processes.joinPeering(buyerCluster, { contract: id, direction: 'sold', replyTo, stands: true }));

/** Phase 3, seller: the hold becomes a sale, and the sale is taken back. */
export const sellingActivities = (deps: SellerDeps) => ({
  /** `replyTo` is the sale's workflow when its start entered the joining of the buyer's peering: where the tenant stands nobody waits for an answer, so it is joined here. */
  async sell({ transaction, replyTo }: { transaction: TransactionId; replyTo?: string }): Promise<Sold> {
    const { inventory, tenants, notary, self, fabric, contractMs, limitsOf } = deps;
    return await heartbeating(async () => {
      const seller = { ...self, clusterId: await fabric.clusterId() };
      const contract = contractOf(transaction);
      const { terms, acquisition } = await inventory.sell({
        transaction,
        contract,
        seller,
        lifetimeMs: contractMs,
        sign: (sold) => notary.sign(sold),
        ...(limitsOf && { limits: limitsOf }),
      });
      // What is no slice needs no tenant.
      const tenantStands = terms.service === undefined && (await tenants.stands(terms.buyerCluster));
      const joined = tenantStands && replyTo !== undefined && (await hasJoined(deps, terms, replyTo));
      return {
        contract: terms.id,
        buyerCluster: terms.buyerCluster,
        buyerAddress: terms.buyer.address,
        ...(acquisition && { acquisition }),
        ...(terms.price && { hourly: hourly(terms.price) }),
        tenantStands,
        ...(joined && { joined }),
        expiresAt: Date.parse(terms.expiresAt),
        ...(terms.flavor.terms?.renewal && { renewable: true }),
        ...(terms.flavor.terms?.noticeMs !== undefined && { noticeMs: terms.flavor.terms.noticeMs }),
      };
    });
  },
  async markEnding({ contract, ending }: { contract: ContractId; ending: Ending }): Promise<void> {
    await deps.contracts.markEnding({ contract, ending });
  },
  async giveBack(sale: { contract: ContractId; transaction?: TransactionId; ending: Ending }): Promise<void> {
    await heartbeating(() => deps.inventory.giveBack(sale));
  },
  /** A hint for the buyer, who reads the contract back. It does not decide anything, so a buyer that is away is passed over. */
  async notifyBuyer({ contract, buyer, ending }: { contract: ContractId; buyer: string; ending: Ending }): Promise<Told> {
    return await tell(deps.peers, { contract, buyer, ending }, deps.timing);
  },
});
