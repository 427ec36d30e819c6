import type { Values } from '../domain/blueprint.ts';
import type { ContractId } from '../domain/ids.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Wait } from './fabric.ts';

/**
 * Instances of blueprints in our own cluster, each in a namespace of its contract's own. Idempotent; undoing takes ids only, and succeeds when there is nothing to undo.
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
}

/** Secret: never logged, never in a workflow's history. */
export interface Instance {
  /** It was ready once. */
  readonly ready: boolean;
  readonly values: Values;
  readonly secret?: Readonly<Record<string, string>>;
  /** Absent for as long as its Service has none. */
  readonly endpoint?: { readonly host: string; readonly port: number };
}
