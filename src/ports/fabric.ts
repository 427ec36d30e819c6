import type { PeeringCredentials } from '../domain/contract.ts';
import type { Enforcement } from '../domain/enforcement.ts';
import type { AcquisitionId, ClusterId, ContractId } from '../domain/ids.ts';
import type { Resources } from '../domain/resources.ts';

/** Told which slice is denied and why, before that is written: once, since what is written is not told again. */
export type Denies = (words: string) => Promise<void>;

/** What GPUs of a contract are to Kubernetes. */
export interface SliceGpus {
  readonly resource: string;
  /** Labels of the seller's nodes that have them: the buyer's pods are kept on these. */
  readonly nodes?: Readonly<Record<string, string>>;
}

/** What a slice may be let in for, and who is told of those that are not. */
export interface SoldSlice {
  readonly buyer: ClusterId;
  readonly contract: ContractId;
  readonly resources: Resources;
  readonly gpus?: SliceGpus;
  readonly denies?: Denies;
}

/**
 * The peering of our cluster with others (Liqo). Every call is idempotent and takes ids only; every undo succeeds when there is nothing to undo.
 * Faults of every call: CLUSTER_UNREACHABLE (passing), CLUSTER_REFUSED (permanent, with the API server's words).
 * Calls named `await…` watch, take an AbortSignal, and say at their deadline what they last saw.
 */
export interface Fabric {
  /** Our own Liqo cluster id. */
  clusterId(): Promise<ClusterId>;
  /** Our own objects that must be there before anything is sold: namespace, ClusterRole for tenants, admission policies in force. */
  prepare(): Promise<void>;
  /** How hard Liqo holds buyers to their quotas, as its installation is told; `undefined` when that cannot be read (it runs as no Deployment, or we may not look). */
  enforcement(): Promise<Enforcement | undefined>;
  /**
   * Tells that at the beginning and within two seconds of a change (half a minute where we may not watch), one call after the other, until `signal` aborts. While the API server is away it is believed to be as
   * it was; what becomes `Hard` is told once no part of Liqo runs that was told otherwise. Rejects when the sink does.
   */
  watchEnforcement(sink: (enforcement: Enforcement | undefined) => Promise<undefined>, signal: AbortSignal): Promise<void>;

  // --- both roles, driven by the `peering` workflow ---------------------------------------------------------------
  /** Every tenant namespace that we made, and what of ours stands in it: a peering's workflow owns each. */
  meetingPlaces(): Promise<readonly MeetingPlace[]>;
  /** The tenant namespace of a peer, and what Liqo keeps for the peer as a whole (ForeignCluster); waits until they are gone. STILL_THERE. */
  removeMeetingPlace(input: { readonly peer: ClusterId }, wait: Wait): Promise<void>;

  // --- provider --------------------------------------------------------------------------------------------------
  /** Tenant namespace, account, what bounds its objects where Kubernetes counts them, binding to our own role, Tenant (Active). Also after a drain. */
  ensureTenant(input: { readonly buyer: ClusterId }): Promise<void>;
  /** A fresh token of the tenant's account as a kubeconfig (base64), limited in life. */
  issueCredentials(input: { readonly buyer: ClusterId; readonly lifetimeMs: number }): Promise<PeeringCredentials>;
  /** Tenant, binding, account and bounds; drains first when slices of the buyer are left. Waits until they are gone. STILL_THERE. */
  removeTenant(input: { readonly buyer: ClusterId }, wait: Wait): Promise<void>;
  /**
   * Gives the verdict on a contract's replicated slice: Accepted with exactly the contract's resources, its GPUs as what they are to Kubernetes. The slice must be of class `rearguard`, of this
   * buyer, and ask no more than was bought; otherwise it is Denied with the reason and the call fails with SLICE_DENIED. Any other slice under the contract is Denied, also while the one
   * that was let in is going. NOT_FOUND when no slice names the contract, or the only one is going.
   */
  admitSlice(sold: SoldSlice): Promise<void>;
  /**
   * Denies what {@link Fabric.admitSlice} would let in under no circumstances, of a contract whose slices nobody asks to be looked at yet: whatever stands beside the one that was let in,
   * and where none was, what is not as it was sold. Lets nothing in.
   */
  denyExcess(sold: SoldSlice): Promise<void>;
  /**
   * Denies every slice of this contract, or of none, that has no verdict yet or asks for more than it was given, with the reason on the slice. Only in a tenant that we made: whoever peers by
   * hand has slices that no contract covers.
   */
  denySlice(input: {
    readonly buyer: ClusterId;
    readonly contract?: ContractId;
    readonly reason: string;
    readonly denies?: Denies;
  }): Promise<void>;
  /** Whether a replicated slice of this contract is here, whatever anybody said of it so far. */
  hasSlice(input: { readonly buyer: ClusterId; readonly contract: ContractId }): Promise<boolean>;
  /** Ends one contract without the buyer's help: cordons its slice and deletes its shadow pods, so that nothing of it runs any more. */
  stopSlice(input: { readonly buyer: ClusterId; readonly contract: ContractId }, wait: Wait): Promise<void>;
  /**
   * Until the replicated slice of an ended contract and its Quota are gone, and then what Liqo signed for it. The buyer's own teardown takes them away; once it had `patienceMs`, we do
   * without its help, and it cannot make a slice of that contract again: `denies` is told so. STILL_THERE.
   */
  removeReplica(
    input: { readonly buyer: ClusterId; readonly contract: ContractId; readonly patienceMs: number; readonly denies?: Denies },
    wait: Wait,
  ): Promise<void>;

  // --- consumer --------------------------------------------------------------------------------------------------
  /**
   * Checks a seller's kubeconfig (server, CA and token only) and keeps it as a Secret of ours, not yet labelled for Liqo. Answers whether our identity there stands
   * already, and would not become better by them. KUBECONFIG_REFUSED.
   */
  storeCredentials(input: {
    readonly acquisition: AcquisitionId;
    readonly credentials: PeeringCredentials;
    /** Whether this seller is asked for new ones every day. */
    readonly renewable: boolean;
  }): Promise<{ readonly identityStands: boolean }>;
  dropCredentials(input: { readonly acquisition: AcquisitionId }): Promise<void>;
  /** Liqo's remote identity of a seller from an acquisition's stored credentials; keeps the one in use unless the other is worth the change. */
  ensureIdentity(input: { readonly seller: ClusterId; readonly acquisition: AcquisitionId }): Promise<void>;
  /** Waits until it is gone; only when no slice towards that seller is left. STILL_THERE. */
  removeIdentity(input: { readonly seller: ClusterId }, wait: Wait): Promise<void>;
  /** The ResourceSlice of an acquisition: class `rearguard` (or `default` towards a FLUIDOS seller), carrying contract and acquisition ids. */
  requestSlice(input: {
    readonly seller: ClusterId;
    readonly acquisition: AcquisitionId;
    readonly contract: ContractId;
    readonly resources: Resources;
    readonly gpus?: Pick<SliceGpus, 'resource'>;
    readonly sliceClass: 'rearguard' | 'default';
  }): Promise<void>;
  /** Until the slice of an acquisition is accepted by its seller: for whoever waits beside {@link Fabric.awaitVirtualNode}. PEERING_TIMEOUT. */
  awaitAccepted(input: { readonly seller: ClusterId; readonly acquisition: AcquisitionId }, wait: Wait): Promise<void>;
  /** Until the virtual node is Ready; answers its name. SLICE_DENIED with the seller's reason; PEERING_TIMEOUT with what was last seen. */
  awaitVirtualNode(
    input: { readonly seller: ClusterId; readonly acquisition: AcquisitionId },
    wait: Wait,
  ): Promise<{ readonly node: string }>;
  /** Until the virtual node is Ready, whatever is said of its slice: for whoever waits beside {@link Fabric.awaitVirtualNode}. PEERING_TIMEOUT. */
  awaitNode(input: { readonly acquisition: AcquisitionId }, wait: Wait): Promise<void>;
  /** What our own API server can do alone: cordon the virtual node, request the slice's deletion. */
  withdrawSlice(input: { readonly seller: ClusterId; readonly acquisition: AcquisitionId }): Promise<void>;
  /** Until slice, virtual node and node are gone (a finalizer waits for the seller). STILL_THERE at the deadline. */
  awaitSliceGone(input: { readonly seller: ClusterId; readonly acquisition: AcquisitionId }, wait: Wait): Promise<void>;
  /** Whether an acquisition's virtual node is Ready now. */
  nodeHealth(input: { readonly acquisition: AcquisitionId }): Promise<NodeHealth>;
}

/** What a peering may have left. */
export interface MeetingPlace {
  readonly peer: ClusterId;
  /** The peer's tenancy with us, and our identity there. */
  readonly tenant: boolean;
  /** Whether all of that tenancy stands: somebody may have deleted its account, binding or bounds, or Kubernetes counts only since. */
  readonly tenantWhole: boolean;
  readonly identity: boolean;
}

export interface NodeHealth {
  readonly present: boolean;
  readonly ready: boolean;
  /** Milliseconds since the epoch of the last change of readiness. */
  readonly since?: number;
  readonly message?: string;
}

/** How long to watch for something, and when to stop. */
export interface Wait {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Told what was last seen; activities heartbeat with it. */
  readonly seen?: (what: string) => void;
}
