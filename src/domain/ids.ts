/** Every name we give to a thing of the outside world derives from an id here, so that teardown needs the id alone. */

type Brand<T, B extends string> = T & { readonly __brand: B };

/** What a user calls an intent; a DNS label of at most 40 characters. */
export type IntentName = Brand<string, 'IntentName'>;
/** One attempt to hold one flavor; never used again. */
export type AcquisitionId = Brand<string, 'AcquisitionId'>;
/** A reservation at a seller, named by the seller; URL-path safe and a legal lower-case Kubernetes name. */
export type TransactionId = Brand<string, 'TransactionId'>;
/** A sale, named by the seller; unique per seller. */
export type ContractId = Brand<string, 'ContractId'>;
/** One offer, named by its seller; a lower-case Kubernetes name, unique in the world. */
export type FlavorId = Brand<string, 'FlavorId'>;
/** A REAR node (`NodeIdentity.ID`). */
export type NodeId = Brand<string, 'NodeId'>;
/** A Liqo cluster id (`liqo-clusterid-configmap`). */
export type ClusterId = Brand<string, 'ClusterId'>;

export const intentName = (value: string): IntentName => value as IntentName;
export const acquisitionId = (value: string): AcquisitionId => value as AcquisitionId;
export const transactionId = (value: string): TransactionId => value as TransactionId;
export const contractId = (value: string): ContractId => value as ContractId;
export const flavorId = (value: string): FlavorId => value as FlavorId;
export const nodeId = (value: string): NodeId => value as NodeId;
export const clusterId = (value: string): ClusterId => value as ClusterId;

/** What Kubernetes takes for a DNS label (RFC 1123), at most 63 characters. */
export const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** What Kubernetes takes for most object names: dotted lower-case labels, at most 253 characters. */
export const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * The n-th attempt of a run. The run id is the first execution run id of the intent's workflow, so that an intent name
 * used again meets no tombstone. Only its last 12 digits are taken: newer servers put the time into the first ones.
 */
export const acquisitionOf = (firstRunId: string, attempt: number): AcquisitionId =>
  acquisitionId(`${firstRunId.replaceAll('-', '').slice(-12)}-${attempt}`);

/** Whether an attempt is of the run that began with this run id. */
export const isAttemptOf = (firstRunId: string, acquisition: AcquisitionId): boolean =>
  acquisition.startsWith(acquisitionOf(firstRunId, 0).slice(0, -1));

/** ResourceSlice, VirtualNode and Node of an acquisition: at most 51 characters, since `<slice>-<12 hex>` is a certificate's CN. */
export const sliceName = (acquisition: AcquisitionId): string => `rearguard-${acquisition}`;

/** The namespace which holds an intent's workload, at home; Liqo appends `-<cluster id>` at the seller (63 characters in all). */
export const intentNamespace = (intent: IntentName): string => `intent-${intent}`;

/** The namespace that Liqo makes at a seller for a namespace of ours (strategy DefaultName). */
export const remoteNamespace = (namespace: string, buyer: ClusterId): string => `${namespace}-${buyer}`;

/** The namespace in which we and a peer cluster meet; the same rule on both sides. */
export const tenantNamespace = (peer: ClusterId): string => `liqo-tenant-${peer}`;

/** The ServiceAccount under which a buyer's Liqo writes into its tenant namespace. */
export const tenantAccount = (buyer: ClusterId): string => `rearguard-${buyer}`;

/** The Secret that starts Liqo's replication towards a seller. Liqo's own name, so that its tools find it. */
export const identitySecret = (seller: ClusterId): string => `kubeconfig-controlplane-${seller}`;

/** The Secret that keeps what a seller's PURCHASE answer brought, not yet labelled for Liqo. */
export const credentialsSecret = (acquisition: AcquisitionId): string => `credentials-${acquisition}`;

/** Liqo's Secret with the slice's own identity at the seller. */
export const sliceKubeconfigSecret = (acquisition: AcquisitionId): string => `kubeconfig-resourceslice-${sliceName(acquisition)}`;

/** Our own namespace in every cluster. */
export const OWN_NAMESPACE = 'rearguard';

/** The contract of a transaction, as a legal Kubernetes name. */
export const contractOf = (transaction: TransactionId): ContractId => contractId(`contract-${transaction.slice(0, 32)}`);

/** The namespace of what a contract's blueprint made, at its seller. */
export const instanceNamespace = (contract: ContractId): string => contract;

/** The namespace, at its buyer, of what a seller handed over to be run there. */
export const hostedNamespace = (acquisition: AcquisitionId): string => `hosted-${acquisition}`;

/** Workflow ids, one rule per type (`<kind>/<id>`). */
export const workflowIds = {
  intent: (name: IntentName): string => `intent/${name}`,
  acquisition: (id: AcquisitionId): string => `acquisition/${id}`,
  contract: (transaction: TransactionId): string => `contract/${transaction}`,
  peering: (peer: ClusterId): string => `peering/${peer}`,
} as const;

/** Task queues of a node's Temporal namespace: a rush of forward work never starves the undo. */
export const taskQueues = { forward: 'rearguard', undo: 'rearguard-undo', observe: 'rearguard-observe' } as const;
