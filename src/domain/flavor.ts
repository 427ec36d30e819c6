import type { ClusterId, FlavorId, NodeId } from './ids.ts';
import type { Price } from './money.ts';
import type { OfferTerms } from './offer-terms.ts';
import type { Quantity } from './quantity.ts';
import type { Resources } from './resources.ts';

/** Who a REAR node is and where it answers. */
export interface NodeIdentity {
  readonly id: NodeId;
  /** `host:port`, as REAR's `IP` field carries it. */
  readonly address: string;
  readonly domain: string;
  /** Liqo's id of its cluster, once known. */
  readonly clusterId?: ClusterId;
}

export interface Location {
  readonly latitude?: string;
  readonly longitude?: string;
  /** Travels as `altitude` between FLUIDOS nodes. */
  readonly country?: string;
  readonly city?: string;
  readonly additionalNotes?: string;
}

/** How a slice may be cut: a part is at least `min`, and above it a whole number of `step`s; `0` means any amount. */
export interface Partitionability {
  readonly min: Resources;
  readonly step: Resources;
}

/** The GPUs of a slice together, as REAR describes them: `cores` is how many, and the slice's resources say the same number. */
export interface Gpu {
  readonly model: string;
  readonly cores: Quantity;
  readonly memory: Quantity;
}

/** One end of a network intent: an address range, or pods and namespaces by their labels; neither when the seller's own encoding lost it. */
export interface NetworkEnd {
  readonly isHotCluster: boolean;
  readonly cidr?: string;
  readonly labels?: { readonly pod: Readonly<Record<string, string>>; readonly namespace: Readonly<Record<string, string>> };
}

export interface NetworkIntent {
  readonly name: string;
  readonly source: NetworkEnd;
  readonly destination: NetworkEnd;
  readonly destinationPort: string;
  readonly protocolType: string;
}

export interface NetworkAuthorizations {
  readonly deniedCommunications: readonly NetworkIntent[];
  readonly mandatoryCommunications: readonly NetworkIntent[];
}

/** A part of a Kubernetes cluster. */
export interface K8Slice {
  readonly kind: 'k8slice';
  readonly architecture: string;
  readonly resources: Resources;
  readonly gpu?: Gpu;
  /** Milliseconds, declared by the seller; absent when not stated. */
  readonly latencyMs?: number;
  readonly securityStandards?: readonly string[];
  readonly carbonFootprint?: { readonly embodied: number; readonly operational: readonly number[] };
  /** What the seller's network forbids or demands. */
  readonly networkAuthorizations?: NetworkAuthorizations;
  /** Free form, as the seller wrote it. */
  readonly additionalProperties?: Readonly<Record<string, unknown>>;
  readonly partitionability: Partitionability;
}

export const HOSTING_POLICIES = ['Provider', 'Consumer', 'Shared'] as const;
export type HostingPolicy = (typeof HOSTING_POLICIES)[number];

export const BLUEPRINT_KINDS = ['service', 'vm', 'sensor'] as const;
export type BlueprintKind = (typeof BLUEPRINT_KINDS)[number];

/** Something that the seller makes from a blueprint when it is bought: a managed service, a virtual machine, a sensor's gateway. */
export interface BlueprintOffer {
  readonly kind: BlueprintKind;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly tags: readonly string[];
  readonly hostingPolicies: readonly HostingPolicy[];
  /** A JSON Schema (draft-07) of what the buyer has to configure. */
  readonly configurationTemplate: Readonly<Record<string, unknown>>;
}

export type Offer = K8Slice | BlueprintOffer;

/** One sellable offer. */
export interface Flavor {
  readonly id: FlavorId;
  readonly providerId: NodeId;
  readonly offer: Offer;
  /** A name without a meaning yet; FLUIDOS nodes say `networkProperty`. */
  readonly networkPropertyType?: string;
  /** Of the whole flavor; absent when the seller states none (FLUIDOS nodes send empty strings by default). */
  readonly price?: Price;
  readonly location?: Location;
  /** What the seller promises besides; FLUIDOS nodes promise nothing. */
  readonly terms?: OfferTerms;
  readonly owner: NodeIdentity;
  readonly available: boolean;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A flavor whose offer is a slice. */
export type SliceFlavor = Flavor & { readonly offer: K8Slice };
export const isSlice = (flavor: Flavor): flavor is SliceFlavor => flavor.offer.kind === 'k8slice';

/** A flavor whose offer is made from a blueprint. */
export type BlueprintFlavor = Flavor & { readonly offer: BlueprintOffer };
export const isBlueprint = (flavor: Flavor): flavor is BlueprintFlavor => flavor.offer.kind !== 'k8slice';
/** As it is sold to a FLUIDOS node, with which nothing is agreed but what REAR knows. */
export function withoutTerms(flavor: Flavor): Flavor {
  const { terms: _, ...rest } = flavor;
  return rest;
}
