import type { Agreement } from './agreement.ts';
import type { Flavor, HostingPolicy, NodeIdentity } from './flavor.ts';
import type { AcquisitionId, ClusterId, ContractId, TransactionId } from './ids.ts';
import type { Manifest } from './manifest.ts';
import type { Price } from './money.ts';
import type { Ending } from './reasons.ts';
import type { Resources } from './resources.ts';

/** How an instance of a blueprint is configured, and at whose cluster it runs. */
export interface ServiceTerms {
  readonly hostingPolicy: HostingPolicy;
  /** As the flavor's template wants it. In a contract's terms without its secrets: see `withoutSecrets`. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** What both sides agreed on. Credentials are not part of it. */
export interface ContractTerms {
  readonly id: ContractId;
  readonly transaction: TransactionId;
  readonly flavor: Flavor;
  readonly buyer: NodeIdentity;
  readonly buyerCluster: ClusterId;
  readonly seller: NodeIdentity;
  readonly sellerCluster: ClusterId;
  /** What was bought; the whole flavor when the buyer asked for no part; nothing of a blueprint. */
  readonly resources: Resources;
  /** Of a blueprint: how it is configured. */
  readonly service?: ServiceTerms;
  /** Of the part, in the flavor's period; absent when the flavor has no price. */
  readonly price?: Price;
  /** RFC 3339. */
  readonly startsAt: string;
  readonly expiresAt: string;
}

/** A seller's word that it ends a contract early: why, and when (RFC 3339). */
export interface EndNotice {
  readonly ending: Ending;
  readonly endsAt: string;
}

export type ContractRole = 'buyer' | 'seller';
/** `ending` while it is being undone; `over` when both sides proved empty (as far as this side can see). */
export type ContractState = 'active' | 'ending' | 'over';

export interface Contract {
  readonly terms: ContractTerms;
  readonly role: ContractRole;
  readonly state: ContractState;
  readonly ending?: Ending;
  /** RFC 3339: when it was over on this side; absent before. */
  readonly endedAt?: string;
  /** The buyer's attempt; at the seller the idempotency key that the buyer sent, when it did. */
  readonly acquisition?: AcquisitionId;
  /** With one signature, the seller's, or both; absent where the other party is a FLUIDOS node. Not told in lists. */
  readonly agreement?: Agreement;
  /** Later ends that both signed, oldest first; absent where there are none. Not told in lists. */
  readonly renewals?: readonly Agreement[];
  /** RFC 3339: its end, where that is not the one of its terms any more. */
  readonly renewedUntil?: string;
  /** Its seller gave notice; it lives on until then. */
  readonly notice?: EndNotice;
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

/** What a buyer gets of the instance that was made for it. Secret: never logged, never in a workflow's history. */
export interface Handover {
  /** The data of the Secret that the instance's own pods mount, as text. */
  readonly secret: Readonly<Record<string, string>>;
  /** Where the instance answers, as seen from the seller's cluster; absent where that is at the buyer. */
  readonly endpoint?: { readonly host: string; readonly port: number };
  /** The Service among the manifests where it answers instead. */
  readonly service?: { readonly name: string; readonly port: number };
  /** Hosted by the buyer, in whole or in part: what it applies in a namespace of its own, in this order. They name no namespace. */
  readonly manifests?: readonly Manifest[];
}

/** Base64 of a kubeconfig, as REAR carries it. Never logged, never in a workflow's history. */
export interface PeeringCredentials {
  readonly clusterId: ClusterId;
  readonly kubeconfig: string;
}
