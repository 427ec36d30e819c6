import type { NodeId } from '../../src/domain/ids.ts';
import type { Ratings } from '../../src/ports/ratings.ts';
import type { Observation, Telemetry } from '../../src/ports/telemetry.ts';

/** Ratings that a test gives; nobody is rated before. */
export const givenRatings = (given: ReadonlyMap<NodeId, number> = new Map()): Ratings => ({
  of: async (nodes) => new Map([...given].filter(([node]) => nodes.includes(node))),
});

/** Keeps what was observed, oldest first. */
export function memoryTelemetry(): Telemetry & { readonly seen: readonly Observation[] } {
  const seen: Observation[] = [];
  return { seen, observed: (observation) => void seen.push(observation) };
}
