/** `Inventory` and `Contracts` in memory, for tests of what stands in front of them. One flavor keeps its id through sales; Postgres' rules otherwise. */
import type { Contract, ContractTerms } from '../../src/domain/contract.ts';
import { Fault } from '../../src/domain/faults.ts';
import type { Flavor, NodeIdentity } from '../../src/domain/flavor.ts';
import { acquisitionId, clusterId, type ContractId, type TransactionId } from '../../src/domain/ids.ts';
import { checkPart, priceOfPart } from '../../src/domain/partition.ts';
import type { Ending } from '../../src/domain/reasons.ts';
import { add, canonicalResources, fits, NOTHING, type Resources, subtract } from '../../src/domain/resources.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Contracts, Hold, Inventory } from '../../src/ports/inventory.ts';

type Row = Omit<Hold, 'state'> & { state: Hold['state']; key: string };

export interface MemoryInventory {
  readonly inventory: Inventory;
  readonly contracts: Contracts;
  /** Living holds, for leak reports. */
  holds(): readonly Hold[];
  /** Living contracts, for leak reports. */
  living(): readonly Contract[];
}

export function memoryInventory({ clock }: { readonly clock: Clock }): MemoryInventory {
  const flavors = new Map<string, Flavor>();
  const rows = new Map<string, Row>();
  const keys = new Map<string, TransactionId | 'tombstone'>();
  const contracts = new Map<string, Contract>();
  let generation = 0;

  const keyOf = (buyer: NodeIdentity, key: string): string => JSON.stringify([buyer.id, key]);
  const living = (row: Row): boolean => row.state === 'held' && Date.parse(row.expiresAt) > clock.now();
  const taken = (flavor: string): Resources => {
    let sum = NOTHING;
    for (const row of rows.values()) {
      const counts = living(row) || (row.state === 'sold' && contracts.get(row.contract ?? '')?.state !== 'over');
      if (row.flavorId === flavor && counts) sum = add(sum, row.resources);
    }
    return sum;
  };
  const free = (flavor: Flavor): Resources =>
    flavor.offer.kind === 'k8slice' ? subtract(flavor.offer.resources, taken(flavor.id)) : NOTHING;
  const change = (contract: ContractId, to: 'ending' | 'over', ending: Ending): void => {
    const before = contracts.get(contract);
    if (before === undefined || before.state === 'over' || before.state === to) return;
    contracts.set(contract, { ...before, state: to, ending: before.ending ?? ending });
    generation += 1;
  };

  const inventory: Inventory = {
    async publish(flavor) {
      flavors.set(flavor.id, flavor);
      generation += 1;
    },
    async withdraw(flavor) {
      flavors.delete(flavor);
      generation += 1;
    },
    async list() {
      return [...flavors.values()].flatMap((flavor) => {
        const rest = free(flavor);
        if (flavor.offer.kind !== 'k8slice') return [flavor];
        if (checkPart({ ...flavor.offer, resources: rest }, rest) !== undefined) return [];
        const price = priceOfPart(flavor, rest);
        return [{ ...flavor, ...(price === undefined ? {} : { price }), offer: { ...flavor.offer, resources: rest } }];
      });
    },
    async generation() {
      const expiries = [...rows.values()].filter((row) => row.state === 'held' && !living(row)).length;
      return `${generation}.${expiries}`;
    },
    async reserve({ flavor, buyer, part, idempotencyKey, transaction, ttlMs, maxHolds = Infinity }) {
      const key = keyOf(buyer, idempotencyKey ?? `flavor:${flavor}`);
      const known = keys.get(key);
      if (known === 'tombstone') throw new Fault('HOLD_RELEASED', 'this reservation was released');
      const row = known === undefined ? undefined : rows.get(known);
      if (row !== undefined && (row.state === 'sold' || living(row))) {
        return { id: row.transaction, flavorId: row.flavorId, expiresAt: row.expiresAt, resources: row.resources };
      }
      if (row !== undefined && idempotencyKey !== undefined) throw new Fault('HOLD_RELEASED', 'this reservation is over');
      const offered = flavors.get(flavor);
      if (offered === undefined) throw new Fault('NOT_FOUND', `no flavor ${flavor}`);
      const resources = canonicalResources(part ?? free(offered));
      const wrong = offered.offer.kind === 'k8slice' ? checkPart(offered.offer, resources) : 'not a slice';
      if (wrong !== undefined) throw new Fault('CONFIGURATION_INVALID', wrong);
      if (!fits(free(offered), resources)) throw new Fault('NOT_ENOUGH', 'not enough of it is left');
      const open = [...rows.values()].filter((each) => living(each) && each.buyer.id === buyer.id).length;
      if (open >= maxHolds) throw new Fault('TOO_MANY_HOLDS', 'too many open reservations', { maxHolds });
      const expiresAt = new Date(clock.now() + ttlMs).toISOString();
      rows.set(transaction, { transaction, flavorId: flavor, buyer, resources, state: 'held', expiresAt, key });
      keys.set(key, transaction);
      generation += 1;
      return { id: transaction, flavorId: flavor, expiresAt, resources };
    },
    async hold(transaction) {
      const row = rows.get(transaction);
      return row === undefined ? undefined : { ...row, state: row.state === 'held' && !living(row) ? 'expired' : row.state };
    },
    async release({ buyer, idempotencyKey }) {
      const key = keyOf(buyer, idempotencyKey);
      const known = keys.get(key);
      const row = known === undefined ? undefined : rows.get(known);
      if (row?.state === 'sold') return row.contract === undefined ? {} : { sold: row.contract };
      if (row !== undefined) row.state = 'released';
      keys.set(key, 'tombstone');
      generation += 1;
      return {};
    },
    async abandon(transaction) {
      const row = rows.get(transaction);
      if (row === undefined || row.state !== 'held') return false;
      row.state = 'released';
      keys.set(row.key, 'tombstone');
      generation += 1;
      return true;
    },
    async sell({ transaction, contract, seller, lifetimeMs }) {
      const row = rows.get(transaction);
      if (row === undefined) throw new Fault('NOT_FOUND', 'no such transaction');
      const before = contracts.get(contract);
      if (row.state === 'sold' && before !== undefined) return before;
      if (row.state === 'released') throw new Fault('HOLD_RELEASED', 'this reservation was released');
      const flavor = flavors.get(row.flavorId);
      if (!living(row) || flavor === undefined) throw new Fault('HOLD_EXPIRED', 'this reservation has expired');
      const price = priceOfPart(flavor, row.resources);
      const terms: ContractTerms = {
        id: contract,
        transaction,
        flavor,
        buyer: row.buyer,
        buyerCluster: row.buyer.clusterId ?? clusterId(''),
        seller,
        sellerCluster: seller.clusterId ?? clusterId(''),
        resources: row.resources,
        ...(price === undefined ? {} : { price }),
        startsAt: new Date(clock.now()).toISOString(),
        expiresAt: new Date(clock.now() + lifetimeMs).toISOString(),
      };
      Object.assign(row, { state: 'sold', contract });
      const [, key] = JSON.parse(row.key) as [string, string];
      const sold: Contract = {
        terms,
        role: 'seller',
        state: 'active',
        ...(key.startsWith('flavor:') ? {} : { acquisition: acquisitionId(key) }),
      };
      contracts.set(contract, sold);
      generation += 1;
      return sold;
    },
    async giveBack({ contract, ending }) {
      change(contract, 'over', ending);
    },
    async sums() {
      throw new Error('not needed here');
    },
  };

  const store: Contracts = {
    async storeBought({ terms, acquisition }) {
      if (!contracts.has(terms.id)) contracts.set(terms.id, { terms, role: 'buyer', state: 'active', acquisition });
    },
    async get(contract) {
      return contracts.get(contract);
    },
    async ofTransaction(transaction) {
      return [...contracts.values()].find(({ terms }) => terms.transaction === transaction);
    },
    async ofAcquisition(acquisition) {
      return [...contracts.values()].find((each) => each.acquisition === acquisition);
    },
    async list(filter = {}) {
      return [...contracts.values()].filter(
        ({ role, state }) => (filter.role === undefined || role === filter.role) && (filter.living !== true || state !== 'over'),
      );
    },
    async markEnding({ contract, ending }) {
      change(contract, 'ending', ending);
    },
    async markOver({ contract, ending }) {
      change(contract, 'over', ending);
    },
    async activate() {},
    async allocations() {
      return [];
    },
  };

  return {
    inventory,
    contracts: store,
    holds: () => [...rows.values()].filter(living),
    living: () => [...contracts.values()].filter(({ state }) => state !== 'over'),
  };
}
