import type { PlanEntry, SilentNode } from './candidate.ts';
import type { HostingPolicy } from './flavor.ts';
import type { JournalEntry, Phase } from './journal.ts';
import type { Ending } from './reasons.ts';
import type { Cost } from './spending.ts';

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

/** A time at home, or what was bought and for how long: a place, or a service. What a purchase that failed may have cost is among it. */
export interface Used {
  /** The service of the intent that it was; absent of a place. */
  readonly service?: string;
  /** At home. */
  readonly namespace?: string;
  readonly acquisition?: string;
  readonly contract?: string;
  readonly seller?: string;
  /** The virtual node. */
  readonly node?: string;
  readonly hourly?: Cost;
  /** In milliseconds since the epoch; without an end while it goes on. */
  readonly from: number;
  readonly until?: number;
  /** Of one that is over: its price by its time, in the currency of that price. */
  readonly cost?: string;
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
  /** Where it is; of one that has ended {@link used} says where it was. */
  readonly place?: Place;
  /** What it uses and what it used, in the order of their beginning; of many attempts the last ones only. */
  readonly used?: readonly Used[];
  /** What all that is over has cost, also what `used` has forgotten; of one that has ended that is all. */
  readonly cost?: readonly Cost[];
  /** Absent when the intent needs none. */
  readonly services?: readonly ServiceStatus[];
  readonly ending?: Ending;
  /** Of what it holds, in the currency of its place, or else of its first service that costs. */
  readonly hourly?: Cost;
  /** What it holds beside that, in each other currency: they are never added. Absent when there is none. */
  readonly alsoHourly?: readonly Cost[];
  /** What stays at sellers that have no message for an end, in words. */
  readonly residue?: readonly string[];
  /** At a place: how many offers were tried to be bought. */
  readonly attempts: number;
  /** The same at services; absent when none was tried. The acquisitions of an intent are numbered through both. */
  readonly serviceAttempts?: number;
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
