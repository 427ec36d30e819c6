import type { ResourceRequest } from './candidate.ts';
import { type BlueprintKind, HOSTING_POLICIES, type HostingPolicy } from './flavor.ts';
import type { HostedBound } from './hosted.ts';

/** Who may host it. Where the intent does not say, its seller: nothing of a stranger's is hosted in our own cluster unless somebody asks for it by name. */
export const TAKEN_POLICIES = HOSTING_POLICIES;
export const DEFAULT_POLICY = 'Provider' satisfies HostingPolicy;

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
  /** {@link DEFAULT_POLICY} when absent. */
  readonly hostingPolicy?: HostingPolicy;
  /** What it may take here; only of what its buyer hosts, in whole or in part. */
  readonly bound?: HostedBound;
  /** For the flavor's template; may hold secrets. */
  readonly configuration: Readonly<Record<string, unknown>>;
}
