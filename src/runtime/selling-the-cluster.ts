import { setTimeout as pause } from 'node:timers/promises';
import { isFault } from '../domain/faults.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import type { ClusterNode } from '../domain/stock.ts';
import { withGpus } from '../domain/stock-gpus.ts';
import type { Inventory } from '../ports/inventory.ts';
import type { LocalResources } from '../ports/local-resources.ts';
import type { Processes } from '../ports/processes.ts';
import { openBreaches } from './breaches.ts';
import type { SellConfiguration } from './configuration.ts';
import type { LeftOnSale } from './stock-mended.ts';
import { type StockLog, publishStock, withdrawStock } from './stock.ts';
import { underWay } from './under-way.ts';

const AGAIN_MS = 1_000;
/** While something is promised beyond its own nodes, the others offer less; how much less is looked at so often, since a sale that ends changes it and no node. */
const BEYOND_MS = 5_000;
/** What is on sale is compared with the cluster so often, though no node changes: what somebody wrote behind our back is found. */
const COMPARED_MS = 60_000;

/**
 * FLUIDOS' Local Resource Manager: for as long as the process runs, and it is the one that watches, the flavors of the cluster are what its nodes have, and what was sold and is not there any more ends. When the
 * store or Temporal is away it begins anew, with the present state: nothing is missed.
 */
export async function sellCluster(input: {
  readonly localResources: LocalResources;
  readonly inventory: Pick<Inventory, 'ledgers' | 'salesOf' | 'publish' | 'withdraw'>;
  readonly processes: Pick<Processes, 'endContract'>;
  readonly sell: SellConfiguration;
  /** Else nothing of it is put on sale, and what is sold is looked after all the same. */
  readonly onSale: boolean;
  readonly self: NodeIdentity;
  readonly clock: { now(): number };
  readonly log: StockLog;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { localResources, inventory, sell, onSale, self, clock, log, signal } = input;
  if (!onSale) await withdrawStock(inventory, log);
  const endBreaches = openBreaches(input);
  const left: LeftOnSale = new Map();
  const look = async (seen: readonly ClusterNode[], anew: boolean): Promise<{ readonly againMs: number } | undefined> => {
    const nodes = seen.map((node) => withGpus(node, sell.gpus));
    if (anew) left.clear();
    const beyond = onSale && (await publishStock({ nodes, sell, self, inventory, now: clock.now(), log, left })).beyond;
    const { againMs = Number.POSITIVE_INFINITY } = await endBreaches(nodes);
    const soonMs = Math.min(againMs, beyond ? BEYOND_MS : onSale ? COMPARED_MS : Number.POSITIVE_INFINITY);
    return Number.isFinite(soonMs) ? { againMs: soonMs } : undefined;
  };
  const looks = underWay(look);
  while (!signal.aborted) {
    try {
      await localResources.watch(looks.sink, signal, sell.usageSeconds > 0 ? sell.usageSeconds * 1_000 : undefined);
    } catch (error) {
      if (signal.aborted) break;
      const why = error instanceof Error ? error.message : String(error);
      log.warn({ why, code: isFault(error) ? error.code : undefined }, 'selling the cluster was interrupted; beginning again');
    }
    if (!signal.aborted) await pause(AGAIN_MS, undefined, { signal }).catch(() => {});
  }
  await looks.over();
}
