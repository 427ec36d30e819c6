import { isFault } from '../domain/faults.ts';
import type { NodeIdentity } from '../domain/flavor.ts';
import { gpuName } from '../domain/gpu.ts';
import { NOTHING, type Resources, add, amountWords, fits, gpuAlone, withoutGpu } from '../domain/resources.ts';
import { type ClusterNode, architectureOf, carriedBy, notCarried, stockName } from '../domain/stock.ts';
import type { Inventory, Sold } from '../ports/inventory.ts';
import type { Processes } from '../ports/processes.ts';
import type { SellConfiguration } from './configuration.ts';
import { type StockLedger, type StockLog, lineageOf, stockLedgers } from './stock.ts';

/** What stands on the same nodes: all of an architecture but its GPUs, or its GPUs of one name. */
interface Ground {
  readonly architecture: string;
  readonly gpus?: string;
}
const nameOf = ({ architecture, gpus }: Ground): string => (gpus === undefined ? architecture : `${architecture}/${gpus}`);
const on = ({ gpus }: Ground, resources: Resources): Resources => (gpus === undefined ? withoutGpu(resources) : gpuAlone(resources));
const wordsOn = ({ gpus }: Ground, resources: Resources): string =>
  gpus === undefined ? amountWords(resources) : `${resources.gpu ?? '0'} GPUs ${gpus}`;
const standsOn = ({ architecture, gpus }: Ground, ledger: StockLedger): boolean =>
  ledger.architecture === architecture && (gpus === undefined || ledger.gpus === gpus);
/** Each once: the architectures, and what GPUs there are of them. */
const groundsOf = (grounds: readonly Ground[]): readonly Ground[] => [
  ...new Map(
    grounds
      .flatMap(({ architecture, gpus }) => [{ architecture }, ...(gpus === undefined ? [] : [{ architecture, gpus }])])
      .map((ground) => [nameOf(ground), ground]),
  ).values(),
];
const groundOf = (node: ClusterNode): Ground => ({
  architecture: architectureOf(node),
  ...(node.gpus && { gpus: gpuName(node.gpus) }),
});

/** Ends what was sold of the cluster and is not there any more; answers after how many milliseconds it has to look again. */
export type EndBreaches = (nodes: readonly ClusterNode[]) => Promise<{ readonly againMs?: number }>;

/**
 * Everything sold of an architecture stands on all its nodes together, since a buyer's pods go to any of them; its GPUs on those of the same name. When they have less than was sold, head-room included, for longer than the tolerance, the newest
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
  /** By ground: since when it has too little, and whether a node of it was deleted since it had enough. */
  const short = new Map<string, { readonly ground: Ground; readonly since: number; readonly deleted: boolean }>();
  /** By ground: the nodes that carried what was sold when there was enough. One that carried nothing may go without anybody's loss. */
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
    carriedBy(
      nodes.filter((node) => lineageOf(self, pool, stockName(node, pool)) === lineage),
      architecture,
      sell,
    );
  const carriedOn = (ground: Ground, nodes: readonly ClusterNode[]): Resources =>
    on(
      ground,
      carriedBy(
        nodes.filter(({ gpus }) => ground.gpus === undefined || (gpus && gpuName(gpus) === ground.gpus)),
        ground.architecture,
        sell,
      ),
    );

  return async (nodes) => {
    const now = clock.now();
    const present = new Set(nodes.map(({ name }) => name));
    const carrying = (ground: Ground): ReadonlySet<string> =>
      new Set(nodes.filter((node) => !fits(NOTHING, carriedOn(ground, [node]))).map(({ name }) => name));
    const lineages = new Set(nodes.flatMap((node) => [node.name, stockName(node, 'node')].map((name) => lineageOf(self, 'node', name))));
    const ledgers = (await stockLedgers(inventory)).filter(({ sold }) => !fits(NOTHING, sold));
    let againMs: number | undefined;
    const told = new Set<string>();
    for (const ground of groundsOf([...[...short.values()].map((each) => each.ground), ...ledgers])) {
      const name = nameOf(ground);
      const ours = ledgers.filter((ledger) => standsOn(ground, ledger));
      const carries = carriedOn(ground, nodes);
      const sold = on(ground, ours.map((ledger) => ledger.sold).reduce(add, NOTHING));
      if (fits(carries, sold)) {
        short.delete(name);
        continue;
      }
      const before = short.get(name) ?? { since: now, deleted: false };
      // Also one that went while nobody watched: its flavor has no node. A node whose GPUs say another name, or none for a moment, is still there.
      const lost = [...(carriers.get(name) ?? [])].some((each) => !present.has(each));
      const gone = ours.some(({ pool, lineage, gpus }) => pool === 'node' && gpus === undefined && !lineages.has(lineage));
      const deleted = before.deleted || lost || gone;
      short.set(name, { ground, since: before.since, deleted });
      const waitMs = before.since + sell.toleranceSeconds * 1_000 - now;
      if (!deleted && waitMs > 0) {
        againMs = Math.min(againMs ?? waitMs, waitMs);
        continue;
      }
      const uprooted = new Set(ours.filter((ledger) => !fits(rootsOf(ledger, nodes), ledger.sold)).map(({ lineage }) => lineage));
      const sales = await inventory.salesOf(ours.map(({ lineage }) => lineage));
      const standing = sales
        .filter(({ ending, contract }) => !ending && !told.has(contract))
        .map((sale) => ({
          resources: on(ground, sale.resources),
          soldAt: Date.parse(sale.soldAt),
          uprooted: uprooted.has(sale.lineage),
          sale,
        }));
      const detail = `the seller's cluster has ${wordsOn(ground, carries)} (${ground.architecture}) left for ${wordsOn(ground, sold)} that were sold`;
      for (const { sale } of notCarried(carries, standing)) {
        told.add(sale.contract);
        await end(sale, detail);
      }
    }
    for (const ground of groundsOf(nodes.map(groundOf))) if (!short.has(nameOf(ground))) carriers.set(nameOf(ground), carrying(ground));
    return againMs === undefined ? {} : { againMs };
  };
}
