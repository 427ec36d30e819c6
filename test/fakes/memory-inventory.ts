/**
 * `Inventory` in memory, with its `Contracts`: passes the suites that the real ones pass. Only one thing is simpler here: a flavor keeps its id through
 * sales, so that there are no descendants.
 */
import { isDeepStrictEqual } from 'node:util';
import { limitReached, passedBy, tooManyHolds } from '../../src/domain/buyer-limits.ts';
import type { Contract, ContractTerms } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import { type Flavor, isBlueprint, type NodeIdentity, withoutTerms } from '../../src/domain/flavor.ts';
import { checkGpu, withAmounts } from '../../src/domain/gpu.ts';
import { acquisitionId, clusterId, type TransactionId } from '../../src/domain/ids.ts';
import { type ByName, isBehind, pageIn } from '../../src/domain/pages.ts';
import { checkPart, priceOfPart } from '../../src/domain/partition.ts';
import { add, canonicalResources, fits, NOTHING } from '../../src/domain/resources.ts';
import { contractedService } from '../../src/domain/service-terms.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Contracts } from '../../src/ports/contracts.ts';
import type { FlavorsMade, Hold, Inventory } from '../../src/ports/inventory.ts';
import { writeTime } from '../../src/rear/flavor.ts';
import { memoryContracts } from './memory-contracts.ts';
import { memoryRows, type Row } from './memory-rows.ts';

export interface MemoryInventory {
  readonly inventory: Inventory;
  readonly contracts: Contracts;
  /** Living holds, for leak reports. */
  holds(): readonly Hold[];
  /** Living contracts, for leak reports. */
  living(): readonly Contract[];
}

export function memoryInventory({ clock }: { readonly clock: Clock }): MemoryInventory {
  /** By (buyer, key), or (buyer, flavor) without one. */
  const places = new Map<string, TransactionId | 'tombstone'>();
  const contracts = memoryContracts({ clock });
  const { flavors, rows, living, holding, sold, sumOf, takenOf, left, resourcesOf, free, costOf, useOf, bind } = memoryRows({
    clock,
    contracts,
  });
  let generation = 0;

  const placeOf = (buyer: NodeIdentity, key: string | undefined, flavor: string): string =>
    JSON.stringify(key === undefined ? [buyer.id, 'flavor', flavor] : [buyer.id, 'key', key]);
  const isMade = ({ offer }: Flavor, { property, blueprint }: FlavorsMade): boolean =>
    offer.kind === 'k8slice'
      ? !blueprint && (property === undefined || property in (offer.additionalProperties ?? {}))
      : property === undefined;
  const transactionOf = ({ transaction, flavorId, expiresAt, resources }: Row) => ({ id: transaction, flavorId, expiresAt, resources });

  const inventory: Inventory = {
    async publish(flavor, terms, instances = 1) {
      const before = flavors.get(flavor.id);
      const inUse = before !== undefined && takenOf(flavor.id).length > 0;
      if (before?.onSale && terms !== undefined && isDeepStrictEqual(resourcesOf(before.flavor), resourcesOf(flavor))) return;
      if (inUse && before.onSale && terms === undefined && before.instances === instances) return;
      flavors.set(flavor.id, {
        instances,
        flavor: inUse && terms === undefined ? before.flavor : flavor,
        onSale: true,
        ...(terms !== undefined && { terms }),
      });
      generation += 1;
    },
    async withdraw(flavor) {
      const row = flavors.get(flavor);
      if (row !== undefined) row.onSale = false;
      generation += 1;
    },
    async serves(flavor) {
      return flavors.get(flavor)?.onSale === true;
    },
    async list() {
      const listed = [...flavors.values()].flatMap(({ flavor, onSale }) => {
        if (!onSale) return [];
        if (flavor.offer.kind !== 'k8slice') return left(flavor) > 0 ? [flavor] : [];
        const rest = free(flavor);
        const offer = withAmounts(flavor.offer, rest);
        if (checkPart(offer, rest) !== undefined) return [];
        const price = priceOfPart(flavor, rest);
        return [{ ...flavor, ...(price === undefined ? {} : { price }), offer }];
      });
      return listed.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },
    page: async (of) => pageIn(await inventory.list(), of, { place: ({ id }): ByName => [id], isAfter: isBehind }),
    async onSale(made = {}) {
      return [...flavors.values()].flatMap(({ flavor, onSale }) => (onSale && isMade(flavor, made) ? [flavor] : []));
    },
    async ledgers(made = {}) {
      return [...flavors.values()].flatMap(({ flavor, onSale, terms, instances = 1 }) => {
        if (!isMade(flavor, made)) return [];
        const counted = (pods: number) => ({ ...NOTHING, pods: `${pods}` });
        const of = (rows: readonly Row[]) => {
          const ours = rows.filter(({ flavorId }) => flavorId === flavor.id);
          return isBlueprint(flavor) ? counted(ours.length) : sumOf(ours);
        };
        const published = {
          sound: true,
          wanted: isBlueprint(flavor) ? counted(instances) : resourcesOf(flavor),
          ...(terms !== undefined && { terms }),
        };
        const ledger = { lineage: flavor.id, onSale, flavor, ...published, sold: of(sold()), held: of(holding()) };
        return onSale || takenOf(flavor.id).length > 0 ? [ledger] : [];
      });
    },
    async salesOf(lineages) {
      return sold().flatMap(({ flavorId, transaction, contract, resources, soldAt = '' }) => {
        const made = contracts.get(contract);
        if (!made || contract === undefined || !lineages.includes(flavorId)) return [];
        return [{ lineage: flavorId, transaction, contract, resources, soldAt, ending: made.state === 'ending' }];
      });
    },
    async changes({ since }) {
      const expired = [...rows.values()].filter((row) => row.state === 'held' && !living(row)).length;
      const next = `${generation}.${expired}`;
      const anew = since !== next;
      const listings = anew ? (await inventory.list()).map((flavor) => ({ lineage: flavor.id, flavor })) : [];
      return { listings, anew, next, more: false, now: clock.now() };
    },
    async reserve({ flavor, buyer, part, gpu, service, idempotencyKey, transaction, ttlMs, maxHolds = Infinity, limits }) {
      const place = placeOf(buyer, idempotencyKey, flavor);
      const known = places.get(place);
      const row = known === undefined || known === 'tombstone' ? undefined : rows.get(known);
      if (row !== undefined && (living(row) || (row.state === 'sold' && idempotencyKey !== undefined))) {
        if (row.state === 'held' && !isDeepStrictEqual(row.service, service))
          throw new Fault('BAD_REQUEST', 'this key reserved something else');
        return transactionOf(row);
      }
      if (known !== undefined && idempotencyKey !== undefined) throw new Fault('HOLD_RELEASED', 'this reservation is over');
      const offered = flavors.get(flavor);
      if (offered === undefined) throw new Fault('NOT_FOUND', `no flavor ${flavor}`);
      if (!offered.onSale) throw new Fault('FLAVOR_GONE', `${flavor} is not on sale any more`);
      const rest = free(offered.flavor);
      const resources = service ? NOTHING : canonicalResources(part ?? rest);
      const { offer } = offered.flavor;
      if ((offer.kind === 'k8slice') !== (service === undefined)) throw new Fault('CONFIGURATION_INVALID', `this is a ${offer.kind}`);
      const wrong = offer.kind === 'k8slice' ? checkPart({ ...offer, resources: rest }, resources) : undefined;
      const otherGpu = gpu && offer.kind === 'k8slice' ? checkGpu(offer, resources, gpu) : undefined;
      if (wrong !== undefined || otherGpu !== undefined) throw new Fault('CONFIGURATION_INVALID', wrong ?? otherGpu ?? '');
      if (service ? left(offered.flavor) < 1 : !fits(rest, resources)) throw new Fault('NOT_ENOUGH', 'not enough of it is left');
      if (holding().filter((each) => each.buyer.id === buyer.id).length >= maxHolds) {
        throw tooManyHolds(maxHolds);
      }
      const passed = limits && passedBy(limits, useOf(buyer.id), { resources, hourly: costOf(offered.flavor, resources) });
      if (passed) throw limitReached(passed);
      bind(buyer);
      const expiresAt = new Date(clock.now() + ttlMs).toISOString();
      const key = idempotencyKey === undefined ? {} : { key: idempotencyKey };
      const made: Row = {
        transaction,
        flavorId: flavor,
        buyer,
        resources,
        ...(service && { service }),
        state: 'held',
        expiresAt,
        place,
        ...key,
      };
      rows.set(transaction, made);
      places.set(place, transaction);
      generation += 1;
      return transactionOf(made);
    },
    async flavor(id) {
      return flavors.get(id)?.flavor;
    },
    async hold(transaction) {
      const row = rows.get(transaction);
      return row === undefined ? undefined : { ...row, state: row.state === 'held' && !living(row) ? 'expired' : row.state };
    },
    async forgetConfiguration(transaction) {
      const row = rows.get(transaction);
      if (row?.state === 'sold') delete row.service;
    },
    async release({ buyer, idempotencyKey }) {
      const place = placeOf(buyer, idempotencyKey, '');
      const row = rows.get(places.get(place) ?? '');
      if (row?.state === 'sold') return row.contract === undefined ? {} : { sold: row.contract };
      if (row !== undefined) row.state = 'released';
      places.set(place, 'tombstone');
      generation += 1;
      return {};
    },
    async abandon(transaction) {
      const row = rows.get(transaction);
      if (row === undefined || row.state !== 'held') return false;
      row.state = 'released';
      places.set(row.place, 'tombstone');
      generation += 1;
      return true;
    },
    async sell({ transaction, contract, seller, lifetimeMs, sign, limits }) {
      const row = rows.get(transaction);
      if (row === undefined) throw new Fault('NOT_FOUND', 'no such transaction');
      const before = contracts.get(contract);
      if (before?.role === 'buyer') throw new Fault('HOLD_RELEASED', 'the contract id of this reservation is taken');
      if (row.state === 'sold' && before !== undefined) return before;
      if (row.state === 'released') throw new Fault('HOLD_RELEASED', 'this reservation was released');
      const flavor = flavors.get(row.flavorId)?.flavor;
      if (!living(row) || flavor === undefined) throw new Fault('HOLD_EXPIRED', 'this reservation has expired');
      const wanted = { resources: row.resources, hourly: costOf(flavor, row.resources) };
      const passed = limits && passedBy(limits(row.buyer), useOf(row.buyer.id, transaction), wanted);
      if (passed) throw limitReached(passed);
      const price = priceOfPart(flavor, row.resources);
      const terms: ContractTerms = {
        id: contract,
        transaction,
        flavor: row.key === undefined ? withoutTerms(flavor) : flavor,
        buyer: row.buyer,
        buyerCluster: row.buyer.clusterId ?? clusterId(''),
        seller,
        sellerCluster: seller.clusterId ?? clusterId(''),
        resources: row.resources,
        ...(row.service && isBlueprint(flavor) && { service: contractedService(flavor.offer, row.service) }),
        ...(price === undefined ? {} : { price }),
        startsAt: writeTime(new Date(clock.now()).toISOString()),
        expiresAt: writeTime(new Date(clock.now() + lifetimeMs).toISOString()),
      };
      const agreement = row.key === undefined ? undefined : await sign?.(terms);
      Object.assign(row, { state: 'sold', contract, soldAt: new Date(clock.now()).toISOString() });
      const acquisition = row.key === undefined ? {} : { acquisition: acquisitionId(row.key) };
      const sale: Contract = { terms, role: 'seller', state: 'active', ...acquisition, ...(agreement && { agreement }) };
      contracts.put(sale);
      generation += 1;
      return sale;
    },
    async giveBack({ contract, transaction, ending }) {
      const row = rows.get(transaction ?? '');
      if (row?.state === 'held') row.state = 'released';
      delete row?.service;
      if (contracts.get(contract)?.role === 'seller') contracts.move(contract, 'over', ending);
      generation += 1;
    },
    async buyers(of) {
      const ids = [...new Set([...holding(), ...sold()].map(({ buyer }) => buyer.id))].toSorted();
      const all = ids.flatMap((id) => {
        const open = holding().filter(({ buyer }) => buyer.id === id);
        const [first] = [...sold().filter(({ buyer }) => buyer.id === id), ...open];
        return first ? [{ buyer: first.buyer, holds: open.length, ...useOf(id) }] : [];
      });
      return pageIn(all, of, { place: ({ buyer }): ByName => [buyer.id], isAfter: isBehind });
    },
    // Nothing in memory grows old.
    prune: async () => ({ holds: 0, clusters: 0 }),
    // It keeps no sums that could be wrong.
    recount: async () => ({ mended: [], failed: [] }),
    async sums() {
      const [held, gone] = [holding(), sumOf(sold())];
      const total = [...flavors.values()].reduce((sum, { flavor, onSale }) => (onSale ? add(sum, free(flavor)) : sum), NOTHING);
      return { free: canonicalResources(total), held: sumOf(held), sold: gone, holds: held.length, flavors: flavors.size };
    },
  };

  return { inventory, contracts: contracts.store, holds: holding, living: contracts.living };
}
