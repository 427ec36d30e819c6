import type { ResourceRequest } from './candidate.ts';
import type { BlueprintKind, HostingPolicy } from './flavor.ts';

/** Who may host it, the best first: nothing of a stranger's is hosted in our own cluster. */
export const TAKEN_POLICIES = ['Provider', 'Shared'] as const satisfies readonly HostingPolicy[];

/** A service that an intent needs beside its place, in lowest terms: what may be bought, and how it is to be. */
export interface ServiceRequest extends Pick<ResourceRequest, 'locations' | 'maxLatencyMs' | 'currency' | 'maxHourlyPrice'> {
  /** Unique in the intent; also the name of the Secret that is handed over. */
  readonly name: string;
  readonly kind: BlueprintKind;
  readonly category?: string;
  /** The offer's name. */
  readonly flavor?: string;
  /** All of them. */
  readonly tags?: readonly string[];
  /** What the seller offers when absent, hosted by it where it may be. */
  readonly hostingPolicy?: (typeof TAKEN_POLICIES)[number];
  /** For the flavor's template; may hold secrets. */
  readonly configuration: Readonly<Record<string, unknown>>;
}
