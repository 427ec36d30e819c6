/** What an inventory in memory holds, and what follows from it: what is taken, left, free, and had by one buyer. */
import { type BuyerUse, type HourlyAmount, NO_USE, using } from '../../src/domain/buyer-limits.ts';
import type { ServiceTerms } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { Flavor, NodeIdentity } from '../../src/domain/flavor.ts';
import { clusterId } from '../../src/domain/ids.ts';
import { hourly } from '../../src/domain/money.ts';
import { priceOfPart } from '../../src/domain/partition.ts';
import { add, canonicalResources, NOTHING, type Resources } from '../../src/domain/resources.ts';
import { rest as less } from '../../src/domain/stock.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Hold } from '../../src/ports/inventory.ts';
import { clusterIdsClash } from './cluster-ids.ts';
import type { memoryContracts } from './memory-contracts.ts';

export type Row = Omit<Hold, 'state' | 'service'> & {
  state: Hold['state'];
  service?: ServiceTerms;
  contract?: Hold['contract'];
  soldAt?: string;
  readonly key?: string;
  readonly place: string;
};

export function memoryRows({ clock, contracts }: { readonly clock: Clock; readonly contracts: ReturnType<typeof memoryContracts> }) {
  const flavors = new Map<string, { flavor: Flavor; onSale: boolean; terms?: string; instances?: number }>();
  const rows = new Map<string, Row>();
  const owners = new Map<string, string>();

  const living = (row: Row): boolean => row.state === 'held' && Date.parse(row.expiresAt) > clock.now();
  const holding = (): readonly Row[] => [...rows.values()].filter(living);
  const sold = (): readonly Row[] =>
    [...rows.values()].filter((row) => row.state === 'sold' && contracts.get(row.contract)?.state !== 'over');
  const sumOf = (of: readonly Row[]): Resources => canonicalResources(of.reduce((sum, { resources }) => add(sum, resources), NOTHING));
  const takenOf = (flavor: string): readonly Row[] => [...holding(), ...sold()].filter(({ flavorId }) => flavorId === flavor);
  const left = ({ id }: Flavor): number => (flavors.get(id)?.instances ?? 0) - takenOf(id).length;
  const resourcesOf = ({ offer }: Flavor): Resources => (offer.kind === 'k8slice' ? canonicalResources(offer.resources) : NOTHING);
  const free = ({ id, offer }: Flavor): Resources =>
    offer.kind === 'k8slice' ? canonicalResources(less(offer.resources, sumOf(takenOf(id)))) : NOTHING;
  const costOf = (flavor: Flavor | undefined, part: Resources): HourlyAmount | undefined => {
    const price = flavor && priceOfPart(flavor, part);
    return price && { amount: hourly(price), currency: price.currency };
  };
  const useOf = (buyer: string, except?: string): BuyerUse =>
    [...sold(), ...holding()]
      .filter((row) => row.buyer.id === buyer && row.transaction !== except)
      .reduce((use, { state, resources, flavorId }) => {
        const cost = costOf(flavors.get(flavorId)?.flavor, resources);
        return using(use, { resources, hourly: cost, isContract: state === 'sold' });
      }, NO_USE);

  /** A Liqo cluster id belongs to the node that reserved under it first. */
  const bind = ({ id, clusterId: cluster }: NodeIdentity): void => {
    if (cluster === undefined) throw new Fault('BUYER_REFUSED', 'a buyer has to name its Liqo cluster');
    for (const [known, owner] of owners)
      if ((known === cluster && owner !== id) || clusterIdsClash(clusterId(known), cluster))
        throw new Fault('BUYER_REFUSED', 'another node holds this cluster id', { cluster });
    owners.set(cluster, id);
  };

  return { flavors, rows, living, holding, sold, sumOf, takenOf, left, resourcesOf, free, costOf, useOf, bind };
}
