import type { Agreement } from '../domain/agreement.ts';
import type { BuyerLimits, BuyerUse } from '../domain/buyer-limits.ts';
import type { Contract, ContractTerms, ServiceTerms, Transaction } from '../domain/contract.ts';
import type { Flavor, Gpu, NodeIdentity } from '../domain/flavor.ts';
import type { ContractId, FlavorId, TransactionId } from '../domain/ids.ts';
import type { ByName, Page, PageOf } from '../domain/pages.ts';
import type { Ending } from '../domain/reasons.ts';
import type { Resources } from '../domain/resources.ts';

/** A hold: capacity kept for a buyer for a short time. `released` is a tombstone and stays. */
export interface Hold {
  readonly transaction: TransactionId;
  readonly flavorId: FlavorId;
  readonly buyer: NodeIdentity;
  readonly resources: Resources;
  /** Of a blueprint: how it is to be configured, secrets and all. */
  readonly service?: ServiceTerms;
  readonly state: 'held' | 'sold' | 'released' | 'expired';
  readonly expiresAt: string;
  readonly contract?: ContractId;
}

/**
 * What this node sells: flavors, holds on them, sales. Postgres alone decides; overselling is impossible by constraint.
 * Faults of every call: STORE_UNAVAILABLE.
 */
export interface Inventory {
  /**
   * Puts a flavor of ours on sale, or says anew what it is; repeated it changes nothing. Its amounts are what there is in all, sold and held included: less than that is listed as nothing, and what is sold
   * stays sold. Ids that were given out before are served as long as the terms are the same: all of the flavor, or what `terms` names instead where amounts (and a price that follows from them) change by themselves.
   * Of a blueprint `instances` may be sold at a time, one unless told otherwise.
   */
  publish(flavor: Flavor, terms?: string, instances?: number): Promise<void>;
  /** Takes a flavor off sale; what is sold of it stays sold. */
  withdraw(flavor: FlavorId): Promise<void>;
  /** All that can be bought now: totals less what is sold and held; by the ids under which they were published. */
  list(): Promise<readonly Flavor[]>;
  page(of: PageOf<ByName>): Promise<Page<Flavor, ByName>>;
  /** Every flavor that is on sale, those of which nothing is left at the moment too: one that is given back is listed again. */
  onSale(made?: FlavorsMade): Promise<readonly Flavor[]>;
  /** What is promised of each flavor that was ever published and is on sale, or of which something is sold or held still. */
  ledgers(made?: FlavorsMade): Promise<readonly Ledger[]>;
  /** The sales of such flavors that are not over, in no order. */
  salesOf(lineages: readonly FlavorId[]): Promise<readonly Sold[]>;
  /**
   * What `list` answers differently than it did at `since`, so that the whole can be kept and followed: as much work as there are changes, in pages. All of it without `since`, and where that is not known any more.
   * `ended` names lineages besides whose holds ended in the meantime.
   */
  changes(from: { readonly since?: string; readonly ended?: readonly string[] }): Promise<ListChanges>;
  /**
   * RESERVE in one transaction: holds `part` (the whole flavor when absent) until `ttlMs` from now. The same (buyer, key), or (buyer, flavor) without a
   * key, gives the same living hold, its end unmoved. A retired flavor is served from its living descendant of the same terms.
   * Also NOT_FOUND, FLAVOR_GONE, NOT_ENOUGH, CONFIGURATION_INVALID (minimum, step, other GPUs), HOLD_RELEASED (that key has a tombstone), BUYER_REFUSED (cluster id clash), TOO_MANY_HOLDS, LIMIT_REACHED.
   */
  reserve(input: {
    readonly flavor: FlavorId;
    readonly buyer: NodeIdentity;
    readonly part?: Resources;
    /** What the buyer takes the GPUs of the part for. */
    readonly gpu?: Gpu;
    /** Of a blueprint, of which it holds one instance; whoever calls has checked it. */
    readonly service?: ServiceTerms;
    readonly idempotencyKey?: string;
    readonly transaction: TransactionId;
    readonly ttlMs: number;
    /** How many living holds one buyer (by node id) may have, this one included; no limit when absent. */
    readonly maxHolds?: number;
    /** What the buyer may have in all, this included; `holds` stands in `maxHolds`. */
    readonly limits?: BuyerLimits;
  }): Promise<Transaction & { readonly resources: Resources }>;
  /** A flavor as it was made, one that is retired too. */
  flavor(id: FlavorId): Promise<Flavor | undefined>;
  /** Whether what was bought under that id would be sold on the same terms today. */
  serves(flavor: FlavorId): Promise<boolean>;
  hold(transaction: TransactionId): Promise<Hold | undefined>;
  /** The configuration of a sold instance is known where it runs, and no more here. */
  forgetConfiguration(transaction: TransactionId): Promise<void>;
  /** Releases a hold by the buyer's key, in any state but sold; leaves a tombstone even where there was none. A sold one answers its contract. */
  release(input: { readonly buyer: NodeIdentity; readonly idempotencyKey: string }): Promise<{ readonly sold?: ContractId }>;
  /** Moves a hold from held to released by its transaction; `false` when no row moved (it is sold, or gone). */
  abandon(transaction: TransactionId): Promise<boolean>;
  /**
   * PURCHASE: the hold becomes a sale, the flavor retires and a reduced one is published, the contract and an inactive allocation of type Node are
   * written, all in one transaction. What was sold in time stays sold when asked again (the same contract). A buyer who sent a key gets the terms signed by `sign`, within the
   * transaction: nothing is sold unsigned. `limits` are what its buyer may have by now. Also HOLD_EXPIRED, HOLD_RELEASED, NOT_FOUND, LIMIT_REACHED, and what `sign` fails with.
   */
  sell(input: {
    readonly transaction: TransactionId;
    readonly contract: ContractId;
    readonly seller: NodeIdentity;
    readonly lifetimeMs: number;
    readonly sign?: (terms: ContractTerms) => Promise<Agreement>;
    readonly limits?: (buyer: NodeIdentity) => BuyerLimits;
  }): Promise<Contract>;
  /**
   * The sale is undone: resources for sale again, allocation released, contract over. Where nothing was sold yet, the hold of `transaction` becomes a tombstone
   * in the same transaction: a `sell` that was given up on, and comes later all the same, is refused. Idempotent; unknown is success.
   */
  giveBack(input: { readonly contract: ContractId; readonly transaction?: TransactionId; readonly ending: Ending }): Promise<void>;
  /**
   * Forgets what nobody can ask for any more: tombstones and expired holds after 30 days, the oldest of more than 100,000 before, and cluster ids that were not shown for
   * a day and with which nobody ever bought. What was sold stays. Answers how many of each.
   */
  prune(): Promise<{ readonly holds: number; readonly clusters: number }>;
  /**
   * Derives what is held and sold again from holds and contracts, and what may be sold from these and from what was published, and writes it where it is not so; a hold of a living sale is sold, or made again where it is
   * gone. Answers in lines what was mended, and what could not be: nothing of either unless somebody wrote behind our back.
   */
  recount(): Promise<Recount>;
  /** What each buyer has who has anything, by its id. */
  buyers(of: PageOf<ByName>): Promise<Page<BuyerHoldings, ByName>>;
  /** Sums for the leak report. */
  sums(): Promise<InventorySums>;
}

/** What a recount found and did. */
export interface Recount {
  readonly mended: readonly string[];
  /** Living sales whose holds are of other amounts, or gone with what they would be made of; the ledgers that they draw on are left as they are. */
  readonly failed: readonly string[];
}

/** Which flavors somebody cares for: of the others a node may have a hundred thousand. */
export interface FlavorsMade {
  /** Those that bear this additional property. */
  readonly property?: string;
  /** Those that are made from blueprints. */
  readonly blueprint?: boolean;
}

/** What is reserved and sold to one buyer; the cost of a reservation is known where a credit is set. */
export interface BuyerHoldings extends BuyerUse {
  readonly buyer: NodeIdentity;
  readonly holds: number;
}

/** A page of changes. */
export interface ListChanges {
  /** Read when it is looked at, each time: whoever asks for the next page first does not keep the store waiting. */
  readonly listings: readonly Listing[];
  /** Nothing that was known before counts: this page begins anew. */
  readonly anew: boolean;
  /** Where the next question goes on; at once when there is more. */
  readonly next: string;
  readonly more: boolean;
  /** The store's time, milliseconds since the epoch. */
  readonly now: number;
}

/** What is listed of a lineage: nothing when nobody can buy of it. */
export interface Listing {
  readonly lineage: string;
  readonly flavor?: Flavor;
  /** When a hold on it may end, and more be listed, by the store's time; milliseconds since the epoch. */
  readonly changesAt?: number;
}

/** A flavor through all its generations; `lineage` is the id under which it was published. */
export interface Ledger {
  readonly lineage: FlavorId;
  readonly onSale: boolean;
  /** The last that was made of it. */
  readonly flavor: Flavor;
  /** What was published last: its amounts (of a blueprint, instances, as pods), and what its terms were named. */
  readonly wanted: Resources;
  /** What may be sold of it is what was published, or what is promised where that is more, and what is on sale is listed as it is sold: so it is unless somebody wrote behind our back. */
  readonly sound: boolean;
  readonly terms?: string;
  readonly sold: Resources;
  readonly held: Resources;
}

/** A sale that is not over. */
export interface Sold {
  readonly lineage: FlavorId;
  readonly transaction: TransactionId;
  readonly contract: ContractId;
  readonly resources: Resources;
  /** RFC 3339. */
  readonly soldAt: string;
  /** It ends already. */
  readonly ending: boolean;
}

export interface InventorySums {
  /** Per resource, blueprints not among them: what is listed free, held and sold, in canonical quantities. */
  readonly free: Resources;
  readonly held: Resources;
  readonly sold: Resources;
  readonly holds: number;
  readonly flavors: number;
}
