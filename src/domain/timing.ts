/**
 * How long things may take, as data: one validated configuration holds them, workflows get them handed in, and tests set them short.
 * Every field is in milliseconds.
 */
export interface Timing {
  /** What one node may take to answer a discovery. */
  readonly nodeAnswerMs: number;
  /** The pause before a discovery that found nothing is repeated; doubles up to {@link Timing.discoveryPauseMaxMs}. */
  readonly discoveryPauseMs: number;
  readonly discoveryPauseMaxMs: number;
  /** From the slice to a Ready virtual node. */
  readonly virtualNodeMs: number;
  /** Until the namespace's offloading is Ready. */
  readonly offloadMs: number;
  /** From applying the workload until every pod runs. */
  readonly workloadMs: number;
  /** Until what a blueprint makes is ready, its images pulled; a buyer waits as long until it is handed over. */
  readonly hostingMs: number;
  /** How long a virtual node may be not Ready before the intent buys elsewhere. */
  readonly nodeLostMs: number;
  /** How long a seller waits for a slice of the buyer that its contract covers, or for the buyer's signature under an instance's. */
  readonly buyerAbsentMs: number;
  /** Until the `peering` workflow answers who joined; less than what PURCHASE waits, which has to hear that it did not. */
  readonly peeringReadyMs: number;
  /** One round of undoing; what is left after it is stuck. */
  readonly undoRoundMs: number;
  /** The pause between the rounds of what is stuck; doubles up to {@link Timing.stuckPauseMaxMs}. */
  readonly stuckPauseMs: number;
  readonly stuckPauseMaxMs: number;
  /** How often tables, workflows and the cluster are compared. */
  readonly reconcileMs: number;
  /** How often what is stuck is told to try again while its peer answers, however long its own pause is. */
  readonly pokeMs: number;
  /** How often both sides of a contract look how it stands, though nothing was heard of it. */
  readonly lookMs: number;
  /** How long one side waits for the other's part in an ending that needs it: the intent's move off a lost place, a buyer that never sent a slice. */
  readonly sellerGraceMs: number;
  /** How long a seller keeps the tenant of an ended contract for a buyer whose own teardown still needs it. */
  readonly buyerGoneMs: number;
  /** How far another node's clock may be from ours: so much later a seller ends a contract, and so much earlier its buyer stops to use it. */
  readonly clockSkewMs: number;
  /** How long before the end of a contract its buyer asks to renew it; a quarter of a renewal at most. In half of that time it has to be answered. */
  readonly renewAheadMs: number;
  /** What a contract has to last at least for a buyer to take it. */
  readonly shortestContractMs: number;
}

/** What a node uses unless its configuration says otherwise. */
export const DEFAULT_TIMING: Timing = {
  nodeAnswerMs: 3_000,
  discoveryPauseMs: 2_000,
  discoveryPauseMaxMs: 60_000,
  virtualNodeMs: 20_000,
  offloadMs: 20_000,
  workloadMs: 60_000,
  hostingMs: 300_000,
  nodeLostMs: 120_000,
  buyerAbsentMs: 600_000,
  peeringReadyMs: 10_000,
  undoRoundMs: 60_000,
  stuckPauseMs: 30_000,
  stuckPauseMaxMs: 3_600_000,
  reconcileMs: 60_000,
  pokeMs: 300_000,
  lookMs: 86_400_000,
  sellerGraceMs: 60_000,
  buyerGoneMs: 86_400_000,
  clockSkewMs: 60_000,
  renewAheadMs: 3_600_000,
  shortestContractMs: 60_000,
};
