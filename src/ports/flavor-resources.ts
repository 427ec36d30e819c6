import type { Location, Offer } from '../domain/flavor.ts';
import type { Price } from '../domain/money.ts';

/** A flavor that somebody wrote into the cluster, without whose it is: it is ours. */
export interface WrittenFlavor {
  readonly name: string;
  readonly offer: Offer;
  readonly price?: Price;
  readonly location?: Location;
  readonly networkPropertyType?: string;
  readonly available: boolean;
}
/** One that cannot be read, and why. */
export interface UnreadableFlavor {
  readonly name: string;
  readonly wrong: string;
}

/** The flavors of a namespace; `installed`: whether the cluster knows such resources at all. */
export interface WrittenFlavors {
  readonly installed: boolean;
  readonly flavors: readonly (WrittenFlavor | UnreadableFlavor)[];
}

/** FLUIDOS Flavor resources of our own cluster, watched. */
export interface FlavorResources {
  /**
   * Tells all of a namespace at the start, and whenever something of them changed, the definition's coming and going too: within two seconds, about once a second at most. Sinks are called one after the other; one
   * that fails ends the watch. What keeps us from looking ends nothing. One process of a node watches at a time. Ends with `signal`.
   */
  watch(namespace: string, sink: (written: WrittenFlavors) => Promise<undefined>, signal: AbortSignal): Promise<void>;
}
