import type { World } from '../world.ts';

/** One story: what is promised, played on real parts. */
export interface Scenario {
  readonly key: string;
  readonly name: string;
  /** In plain words, for somebody who watches. */
  readonly title: string;
  /** Whether it kills Kubernetes and Liqo, which nobody may do to clusters that are not ours; our own processes are ours anywhere. */
  readonly killsClusters: boolean;
  readonly sellers: number;
  /** Throws with what was not as told. `note` keeps a figure for the summary. */
  readonly run: (world: World, note: (words: string) => void) => Promise<void>;
}

/** Ends a scenario that is not as it was told. */
export function expect(holds: boolean, words: string): asserts holds {
  if (!holds) throw new Error(words);
}
