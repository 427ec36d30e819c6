import type { Agreement } from './agreement.ts';
import type { Flavor, NodeIdentity } from './flavor.ts';
import type { AcquisitionId, ClusterId, ContractId, TransactionId } from './ids.ts';
import type { Price } from './money.ts';
import type { Ending } from './reasons.ts';
import type { Resources } from './resources.ts';

/** What both sides agreed on. Credentials are not part of it. */
export interface ContractTerms {
  readonly id: ContractId;
  readonly transaction: TransactionId;
  readonly flavor: Flavor;
  readonly buyer: NodeIdentity;
  readonly buyerCluster: ClusterId;
  readonly seller: NodeIdentity;
  readonly sellerCluster: ClusterId;
  /** What was bought; the whole flavor when the buyer asked for no part. */
  readonly resources: Resources;
  /** Of the part, in the flavor's period; absent when the flavor has no price. */
  readonly price?: Price;
  /** RFC 3339. */
  readonly startsAt: string;
  readonly expiresAt: string;
}

export type ContractRole = 'buyer' | 'seller';
/** `ending` while it is being undone; `over` when both sides proved empty (as far as this side can see). */
export type ContractState = 'active' | 'ending' | 'over';

export interface Contract {
  readonly terms: ContractTerms;
  readonly role: ContractRole;
  readonly state: ContractState;
  readonly ending?: Ending;
  /** The buyer's attempt; at the seller the idempotency key that the buyer sent, when it did. */
  readonly acquisition?: AcquisitionId;
  /** With one signature, the seller's, or both; absent where the other party is a FLUIDOS node. Not told in lists. */
  readonly agreement?: Agreement;
}

/** A row of the Allocations table: what a contract takes up here. */
export interface Allocation {
  readonly contract: ContractId;
  /** `Node` where the resources are, `VirtualNode` where they are used. */
  readonly type: 'Node' | 'VirtualNode';
  readonly state: 'inactive' | 'active' | 'released';
  readonly resources: Resources;
}

/** A reservation at a seller, not yet bought. */
export interface Transaction {
  readonly id: TransactionId;
  readonly flavorId: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

/** Base64 of a kubeconfig, as REAR carries it. Never logged, never in a workflow's history. */
export interface PeeringCredentials {
  readonly clusterId: ClusterId;
  readonly kubeconfig: string;
}
