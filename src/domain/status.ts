import type { PlanEntry, SilentNode } from './candidate.ts';
import type { HostingPolicy } from './flavor.ts';
import type { JournalEntry, Phase } from './journal.ts';
import type { Ending } from './reasons.ts';

/** Where an intent's workload runs. */
export type Place =
  | { readonly kind: 'local'; readonly namespace: string }
  | {
      readonly kind: 'remote';
      readonly namespace: string;
      readonly acquisition: string;
      readonly contract: string;
      readonly seller: string;
      /** The virtual node. */
      readonly node: string;
    };

/** A service that was bought, or is to be, beside the place. */
export interface ServiceStatus {
  /** Also the name of its Secret, in the namespace of the intent. */
  readonly name: string;
  /** `wanted`: nobody holds it for the intent (yet, or any more) · `held`: its Secret is there · `over`: the intent ends. */
  readonly state: 'wanted' | 'held' | 'over';
  /** In which its Secret lies. */
  readonly namespace: string;
  readonly acquisition?: string;
  readonly contract?: string;
  readonly seller?: string;
  readonly hosting?: HostingPolicy;
}

/** What a person wants to know of an intent at a glance. */
export interface IntentStatus {
  readonly name: string;
  readonly phase: Phase;
  /** `stuck`: something cannot be undone at the moment; it is retried. */
  readonly state: 'working' | 'in-use' | 'ending' | 'stuck' | 'ended';
  /** In words: what it waits for, and since when (ms since the epoch). */
  readonly waitingFor?: string;
  readonly since: number;
  readonly place?: Place;
  /** Absent when the intent needs none. */
  readonly services?: readonly ServiceStatus[];
  readonly ending?: Ending;
  readonly hourly?: { readonly amount: string; readonly currency: string };
  /** What stays at sellers that have no message for an end, in words. */
  readonly residue?: readonly string[];
  readonly attempts: number;
  readonly startedAt: number;
  readonly endedAt?: number;
}

/** Everything that is kept of an intent beside its running workflow. */
export interface IntentRecord {
  readonly status: IntentStatus;
  readonly document: unknown;
  readonly plan: readonly PlanEntry[];
  readonly silent: readonly SilentNode[];
  readonly journal: readonly JournalEntry[];
}
