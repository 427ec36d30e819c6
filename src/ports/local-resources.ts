import type { ClusterNode } from '../domain/stock.ts';

/** What our own nodes have and what our own pods ask of them, watched: the eyes of FLUIDOS' Local Resource Manager. */
export interface LocalResources {
  /**
   * Tells the whole state at the start, and whenever something of it changed: within a second, and no more than about once a second however much happens. A sink may ask to be told again
   * after `againMs`, though nothing changed. Sinks are called one after the other; one that fails ends the watch. One process of a node watches at a time. Ends with `signal`.
   * `anew` with the first state since this process watches: another one of the node may have watched in between.
   * What our own pods use cannot be watched: it is asked for every `usageEveryMs`, never when absent, and is not told where nobody measures it.
   */
  watch(
    sink: (nodes: readonly ClusterNode[], anew: boolean) => Promise<{ readonly againMs?: number } | undefined>,
    signal: AbortSignal,
    usageEveryMs?: number,
  ): Promise<void>;
}
