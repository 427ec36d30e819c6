import type { Blueprint } from '../domain/blueprint.ts';
import type { HostingPolicy, Location } from '../domain/flavor.ts';
import type { Period } from '../domain/money.ts';

/** A blueprint that somebody wrote into the cluster; what it does not say of its price, the configuration says. */
export interface WrittenBlueprint {
  /** The resource's, not the blueprint's. */
  readonly name: string;
  readonly blueprint: Blueprint;
  /** Which of its hosting policies cannot be offered. */
  readonly unoffered: readonly { readonly policy: HostingPolicy; readonly why: string }[];
  readonly price: { readonly amount?: string; readonly currency?: string; readonly period?: Period };
  readonly location?: Location;
  readonly instances?: number;
  /** Why nobody knows whether our cluster can make it: if it is on sale it stays so, and else it is not put on sale. */
  readonly unsure?: string;
}
/** One that cannot be read, or of a kind that our cluster cannot make, and why. */
export interface UnreadableBlueprint {
  readonly name: string;
  readonly wrong: string;
}

/** The blueprints of a namespace; `installed`: whether the cluster knows such resources at all. */
export interface WrittenBlueprints {
  readonly installed: boolean;
  readonly blueprints: readonly (WrittenBlueprint | UnreadableBlueprint)[];
}

/** FLUIDOS ServiceBlueprint resources of our own cluster, watched. */
export interface ServiceBlueprints {
  /** As `FlavorResources` tells flavors. */
  watch(namespace: string, sink: (written: WrittenBlueprints) => Promise<undefined>, signal: AbortSignal): Promise<void>;
}
