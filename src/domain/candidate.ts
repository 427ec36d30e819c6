import type { ServiceTerms } from './contract.ts';
import type { BlueprintKind, Flavor, NodeIdentity } from './flavor.ts';
import type { GpuWish } from './gpu.ts';
import type { Resources } from './resources.ts';

/** Which REAR a peer speaks: FLUIDOS nodes know no release, terminate or idempotency key. */
export type Dialect = 'fluidos' | 'rearguard';

/** What a request looks for. The same selector goes to the seller (as far as its query language says it) and is applied again here. */
export interface ResourceRequest {
  readonly resources: Resources;
  /** What the GPUs among them have to be. */
  readonly gpu?: GpuWish;
  readonly architecture?: string;
  /** Any of them; compared without case with country and city. */
  readonly locations?: readonly string[];
  readonly maxLatencyMs?: number;
  /** The only currency that will do, when somebody counts what is spent; a flavor without a price then will not do either. */
  readonly currency?: string;
  /** The most that an hour of the bought part may cost; its currency is then the only one that will do. */
  readonly maxHourlyPrice?: { readonly amount: string; readonly currency: string };
}

/** Which blueprints are looked for. */
export interface BlueprintRequest {
  readonly kind: BlueprintKind;
  readonly category?: string;
  /** All of them. */
  readonly tags?: readonly string[];
}

/** A remote flavor that somebody offered us, with what buying the part we need would cost. */
export interface Candidate {
  readonly flavor: Flavor;
  /** Where RESERVE and PURCHASE go: the flavor's owner, at the address that we asked. */
  readonly seller: NodeIdentity;
  readonly dialect: Dialect;
  /** What to buy of it: the request, rounded up to the flavor's minimum and steps; nothing of a blueprint. */
  readonly part: Resources;
  /** Of a blueprint: how an instance is wanted, secrets and all. */
  readonly service?: ServiceTerms;
  /** Of the part; absent when the flavor has no price. */
  readonly hourly?: { readonly amount: string; readonly currency: string };
  readonly latencyMs?: number;
  /** 0 to 1; 0.5, of everybody as long as nobody is rated, is neutral and told nobody. */
  readonly rating: number;
}

/** Why a flavor will not do; `code` for programs, `detail` for people. */
export interface Refusal {
  readonly code:
    | 'not-a-slice'
    | 'not-a-service'
    | 'not-wanted'
    | 'hosting'
    | 'configuration'
    | 'no-handover'
    | 'unavailable'
    | 'own-flavor'
    | 'not-theirs'
    | 'too-small'
    | 'cannot-be-cut'
    | 'architecture'
    | 'gpu'
    | 'location'
    | 'latency'
    | 'price'
    | 'currency'
    | 'no-price'
    | 'malformed'
    | 'failed-before';
  readonly detail: string;
}

/** A line of an intent's plan: every flavor that was seen, and what became of it. */
export interface PlanEntry {
  /** The service of the intent for which it was looked at; absent when it was for the place. */
  readonly service?: string;
  readonly flavorId: string;
  readonly seller: string;
  readonly hourly?: { readonly amount: string; readonly currency: string };
  readonly latencyMs?: number;
  readonly rating?: number;
  readonly rank?: number;
  readonly verdict: 'open' | 'trying' | 'held' | 'refused' | 'failed' | 'ended';
  readonly reasons: readonly string[];
}

/** A node that did not answer a discovery, and why. */
export interface SilentNode {
  readonly address: string;
  readonly code: string;
  readonly detail: string;
  /** It answered, but not all of it could be read; the detail says what. */
  readonly partly?: true;
}
