import { isFault } from '../domain/faults.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import { NOTHING, type Resources, add, fits } from '../domain/resources.ts';
import { type ClusterNode, architectureOf, carriedBy, notCarried } from '../domain/stock.ts';
import type { Inventory, Sold } from '../ports/inventory.ts';
import type { Processes } from '../ports/processes.ts';
import type { SellConfiguration } from './configuration.ts';
import { type StockLedger, type StockLog, lineageOf, stockLedgers } from './stock.ts';

const words = ({ cpu, memory, pods, storage }: Resources): string =>
  `cpu ${cpu}, memory ${memory}, pods ${pods}${storage === undefined || storage === '0' ? '' : `, storage ${storage}`}`;

/** Ends what was sold of the cluster and is not there any more; answers after how many milliseconds it has to look again. */
export type EndBreaches = (nodes: readonly ClusterNode[]) => Promise<{ readonly againMs?: number }>;

/**
 * Everything sold of an architecture stands on all its nodes together, since a buyer's pods go to any of them. When they have less than was sold, head-room included, for longer than the tolerance, the newest
 * contracts that do not fit end with `breach`, by the way on which a seller withdraws. A node that was deleted does not come back: then nobody waits.
 */
export function openBreaches(input: {
  readonly sell: SellConfiguration;
  readonly self: NodeIdentity;
  readonly inventory: Pick<Inventory, 'ledgers' | 'salesOf'>;
  readonly processes: Pick<Processes, 'endContract'>;
  readonly clock: { now(): number };
  readonly log: StockLog;
}): EndBreaches {
  const { sell, self, inventory, processes, clock, log } = input;
  /** By architecture: since when it has too little, and whether a node of it was deleted since it had enough. */
  const short = new Map<string, { readonly since: number; readonly deleted: boolean }>();
  /** By architecture: the nodes that carried what was sold when there was enough. One that carried nothing may go without anybody's loss. */
  const carriers = new Map<string, ReadonlySet<string>>();

  const end = async ({ contract, transaction }: Sold, detail: string): Promise<void> => {
    log.warn({ contract, why: detail }, 'a contract ends: the cluster does not have any more what was sold');
    try {
      await processes.endContract(transaction, { reason: 'breach', detail }, 'seller');
    } catch (error) {
      // Nobody serves it: the reconciliation finds that out, and gives back what it had.
      if (!isFault(error) || error.code !== 'NOT_FOUND') throw error;
    }
  };
  /** What is left of a flavor's own nodes. */
  const rootsOf = ({ lineage, pool, architecture }: StockLedger, nodes: readonly ClusterNode[]): Resources =>
    pool === 'architecture'
      ? carriedBy(nodes, architecture, sell)
      : carriedBy(
          nodes.filter(({ name }) => lineageOf(self, 'node', name) === lineage),
          architecture,
          sell,
        );

  return async (nodes) => {
    const now = clock.now();
    const present = new Set(nodes.map(({ name }) => name));
    const carrying = (architecture: string): ReadonlySet<string> =>
      new Set(
        nodes
          .filter((node) => architectureOf(node) === architecture && !fits(NOTHING, carriedBy([node], architecture, sell)))
          .map(({ name }) => name),
      );
    const lineages = new Set(nodes.map(({ name }) => lineageOf(self, 'node', name)));
    const ledgers = stockLedgers(await inventory.ledgers()).filter(({ sold }) => !fits(NOTHING, sold));
    let againMs: number | undefined;
    for (const architecture of new Set([...short.keys(), ...ledgers.map((ledger) => ledger.architecture)])) {
      const ours = ledgers.filter((ledger) => ledger.architecture === architecture);
      const carries = carriedBy(nodes, architecture, sell);
      const sold = ours.map((ledger) => ledger.sold).reduce(add, NOTHING);
      if (fits(carries, sold)) {
        short.delete(architecture);
        continue;
      }
      const before = short.get(architecture) ?? { since: now, deleted: false };
      // Also one that went while nobody watched: its flavor has no node.
      const lost = [...(carriers.get(architecture) ?? [])].some((name) => !present.has(name));
      const deleted = before.deleted || lost || ours.some(({ pool, lineage }) => pool === 'node' && !lineages.has(lineage));
      short.set(architecture, { since: before.since, deleted });
      const waitMs = before.since + sell.toleranceSeconds * 1_000 - now;
      if (!deleted && waitMs > 0) {
        againMs = Math.min(againMs ?? waitMs, waitMs);
        continue;
      }
      const uprooted = new Set(ours.filter((ledger) => !fits(rootsOf(ledger, nodes), ledger.sold)).map(({ lineage }) => lineage));
      const sales = (await inventory.salesOf(ours.map(({ lineage }) => lineage))).filter(({ ending }) => !ending);
      const standing = sales.map((sale) => ({ ...sale, soldAt: Date.parse(sale.soldAt), uprooted: uprooted.has(sale.lineage), sale }));
      const detail = `the seller's cluster has ${words(carries)} (${architecture}) left for ${words(sold)} that were sold`;
      for (const { sale } of notCarried(carries, standing)) await end(sale, detail);
    }
    for (const architecture of new Set(nodes.map(architectureOf)))
      if (!short.has(architecture)) carriers.set(architecture, carrying(architecture));
    return againMs === undefined ? {} : { againMs };
  };
}
