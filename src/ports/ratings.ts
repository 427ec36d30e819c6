import type { NodeId } from '../domain/ids.ts';

/** How well other nodes kept their word so far. */
export interface Ratings {
  /** From 0 (never) to 1 (always) for each of these; a node that is missing in the answer is not rated, and counts as neutral. */
  of(nodes: readonly NodeId[]): Promise<ReadonlyMap<NodeId, number>>;
}
