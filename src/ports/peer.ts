import type { BlueprintRequest, Dialect, ResourceRequest } from '../domain/candidate.ts';
import type { Agreement, AgreementSignature } from '../domain/agreement.ts';
import type {
  ContractState,
  ContractTerms,
  EndNotice,
  Handover,
  PeeringCredentials,
  ServiceTerms,
  Transaction,
} from '../domain/contract.ts';
import type { BlueprintKind, Flavor, Gpu, NodeIdentity } from '../domain/flavor.ts';
import type { AcquisitionId, ContractId, FlavorId, TransactionId } from '../domain/ids.ts';
import type { Ending } from '../domain/reasons.ts';
import type { Resources } from '../domain/resources.ts';

/** Other REAR nodes, by address (`host:port`, or a URL). */
export interface Peers {
  /**
   * Once `signal` aborts, calls in flight end at once with its reason; what they asked may have taken effect. `stranger`: it named its address itself, no
   * operator of ours did, so that the address is looked at before anything is sent there. PEER_REFUSED when it is none that we call.
   */
  at(address: string, options?: { readonly signal?: AbortSignal; readonly stranger?: boolean }): Peer;
}

/**
 * One other node, in domain words. Faults: PEER_UNREACHABLE, PEER_TIMEOUT (may have taken effect), PEER_REFUSED (it said
 * no, with its words), PEER_LIED (its answer is not REAR, or not what was asked), TOO_MANY_REQUESTS (with the fact
 * `retryAfterSeconds` where it says how long it wants to be left alone), and those named at a call.
 * An extension asked of a node that does not speak it is PEER_REFUSED with the fact `unsupported`.
 */
export interface Peer {
  /** `GET /.well-known/rear`; a node that has none is a FLUIDOS node. What it said may be kept for a minute, unless it has to be `fresh`: whether it answers now. */
  describe(input?: { readonly fresh?: boolean }): Promise<PeerDescription>;
  /** LIST_FLAVORS. Rows that cannot be read are left out and counted; the selector is only a hint to the seller. */
  listFlavors(
    request?: ResourceRequest | BlueprintRequest,
  ): Promise<{ readonly flavors: readonly Flavor[]; readonly unreadable: readonly string[] }>;
  /** RESERVE_FLAVOR. Repeating it with the same key gives the same transaction. Also FLAVOR_GONE, NOT_ENOUGH, CONFIGURATION_INVALID, HOLD_RELEASED, BUYER_REFUSED, TOO_MANY_HOLDS (passing). */
  reserve(input: {
    readonly flavor: FlavorId;
    readonly buyer: NodeIdentity;
    readonly part: Resources;
    /** What the GPUs of the part are. */
    readonly gpu?: Gpu;
    /** Of a blueprint, instead of a part. A FLUIDOS node is told no hosting policy: it refuses one. */
    readonly service?: ServiceTerms & { readonly kind: BlueprintKind };
    readonly idempotencyKey: AcquisitionId;
  }): Promise<Transaction>;
  /** PURCHASE_FLAVOR. With our own dialect it may be repeated; of a blueprint it brings no credentials. Also HOLD_EXPIRED, HOLD_RELEASED. */
  purchase(input: {
    readonly transaction: TransactionId;
    readonly buyer: NodeIdentity;
  }): Promise<{ readonly terms: ContractTerms; readonly credentials: PeeringCredentials | undefined; readonly agreement?: Agreement }>;
  /** Extension: our signature under what the seller signed; once is enough, and again is success. Also BUYER_REFUSED, CONTRACT_OVER. */
  countersign(input: {
    readonly contract: ContractId;
    readonly buyer: NodeIdentity;
    readonly signature: AgreementSignature;
  }): Promise<void>;
  /** Extension: gives a reservation back, in any state, by the buyer's key; leaves a tombstone; nothing to release is success. */
  release(input: { readonly buyer: NodeIdentity; readonly idempotencyKey: AcquisitionId }): Promise<void>;
  /** Extension: the buyer ends a contract; over already is success. */
  terminate(input: { readonly contract: ContractId; readonly buyer: NodeIdentity; readonly ending: Ending }): Promise<void>;
  /** Extension: reads a contract back. Also CONTRACT_UNKNOWN. */
  readContract(contract: ContractId): Promise<{ readonly state: ContractState; readonly ending?: Ending; readonly notice?: EndNotice }>;
  /** Extension: tells a buyer that its contract ends; a hint, which the buyer verifies. */
  notifyEnd(input: { readonly contract: ContractId; readonly ending: Ending }): Promise<void>;
  /** Extension: a later end, under our signature; answers it with the seller's beside. Asked again with the same document it gives the same. Also RENEWAL_REFUSED, CONTRACT_OVER, BUYER_REFUSED. */
  renew(input: { readonly contract: ContractId; readonly buyer: NodeIdentity; readonly proposed: Agreement }): Promise<Agreement>;
  /** Extension: living credentials for a living contract. */
  refreshCredentials(input: { readonly contract: ContractId; readonly buyer: NodeIdentity }): Promise<PeeringCredentials>;
  /** Extension: what the buyer of a blueprint gets, as often as it asks while the contract lives. Also SERVICE_PENDING (not made yet: ask again), CONTRACT_UNKNOWN, CONTRACT_OVER, BUYER_REFUSED. */
  handover(input: { readonly contract: ContractId; readonly buyer: NodeIdentity }): Promise<Handover>;
}

/** What `GET /.well-known/rear` says. */
export interface PeerDescription {
  readonly dialect: Dialect;
  readonly identity?: NodeIdentity;
  readonly extensions: readonly string[];
}
