import type { Values } from '../domain/blueprint.ts';
import type { HostedBound } from '../domain/hosted.ts';
import type { AcquisitionId, ContractId } from '../domain/ids.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Wait } from './fabric.ts';

/**
 * Instances of blueprints in our own cluster, each in a namespace of its contract's own where we sold it, or of its acquisition's where we bought it to be hosted here. Idempotent; undoing takes ids only, and succeeds when there is nothing to undo.
 * Faults: CLUSTER_UNREACHABLE, CLUSTER_REFUSED.
 */
export interface Hosting {
  /**
   * Makes what `manifests` makes of the instance's values, and waits until it is ready. Values are kept as they were first made: whoever comes again, or asks later, works with those. What no cluster takes is
   * WORKLOAD_REFUSED, without any value of it in its words; WORKLOAD_TIMEOUT with what was last seen.
   */
  instantiate(
    input: {
      readonly contract: ContractId;
      readonly values: () => Values;
      readonly manifests: (values: Values) => readonly Manifest[];
    },
    wait: Wait,
  ): Promise<void>;
  /** What is there of an instance now; `undefined` when nothing is, or all of it goes. */
  look(input: {
    readonly contract: ContractId;
    /** The Secret that its pods mount. */
    readonly secret: string;
    readonly endpoint?: { readonly service: string; readonly port: number; readonly host?: string };
  }): Promise<Instance | undefined>;
  /** Until all of it is gone. STILL_THERE. */
  remove(input: { readonly contract: ContractId }, wait: Wait): Promise<void>;
  /** The contracts of which something is here. */
  instances(): Promise<readonly ContractId[]>;
  /**
   * The buyer's side: applies what a seller handed over, which was checked, and waits until it is ready. Kubernetes itself keeps it within the bound and to the Pod Security Standard `restricted`, and its
   * pods talk to each other, and to the seller's part where it has one: to that address, or of a name, which nobody looks up here, to its port. What the cluster does not take is WORKLOAD_REFUSED, without anything of `secret` in its words; WORKLOAD_TIMEOUT with what was
   * last seen.
   */
  hostBought(
    input: {
      readonly acquisition: AcquisitionId;
      readonly manifests: readonly Manifest[];
      readonly bound: HostedBound;
      readonly secret: Readonly<Record<string, string>>;
      /** Where the seller's part answers. */
      readonly sellersPart?: Endpoint;
    },
    wait: Wait,
  ): Promise<void>;
  /** Until all of it is gone. STILL_THERE. */
  removeBought(input: { readonly acquisition: AcquisitionId }, wait: Wait): Promise<void>;
  /** The acquisitions of which something is hosted here. */
  bought(): Promise<readonly AcquisitionId[]>;
}

/** Secret: never logged, never in a workflow's history. */
export interface Instance {
  /** It was ready once. */
  readonly ready: boolean;
  readonly values: Values;
  readonly secret?: Readonly<Record<string, string>>;
  /** Absent for as long as its Service has none. */
  readonly endpoint?: Endpoint;
}

export interface Endpoint {
  /** A name or an IP address. */
  readonly host: string;
  readonly port: number;
}
