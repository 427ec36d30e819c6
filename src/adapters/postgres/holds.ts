import { limitReached, limitsUse, passedBy, tooManyHolds } from '../../domain/buyer-limits.ts';
import type { Flavor, NodeIdentity } from '../../domain/flavor.ts';
import type { ServiceTerms } from '../../domain/contract.ts';
import { Fault, type FaultCode } from '../../domain/faults.ts';
import { checkGpu } from '../../domain/gpu.ts';
import type { ContractId, FlavorId, TransactionId } from '../../domain/ids.ts';
import { checkPart } from '../../domain/partition.ts';
import { canonicalResources, NOTHING, type Resources } from '../../domain/resources.ts';
import type { Hold, Inventory } from '../../ports/inventory.ts';
import { type Amounts, toAmounts } from './amounts.ts';
import { costOf, limitRow, useOf } from './buyers.ts';
import { type Db, json, type Pool } from './connect.ts';
import { counted, readFlavor, readListing } from './flavors.ts';
import { bindingFault } from './known-nodes.ts';

interface HoldRow {
  readonly transaction: TransactionId;
  readonly flavor: FlavorId;
  readonly buyer: NodeIdentity;
  readonly resources: Resources;
  readonly state: Hold['state'];
  readonly expires_at: Date;
  readonly contract: ContractId | null;
  readonly service: ServiceTerms | null;
}

interface Reserved {
  readonly outcome: string;
  readonly held_transaction: TransactionId;
  readonly held_flavor: FlavorId;
  readonly held_until: Date;
  readonly held_resources: Resources;
  readonly used_contracts: number;
  readonly used_amounts: Amounts;
  readonly used_hourly: string;
}

const hold = (row: HoldRow): Hold => ({
  transaction: row.transaction,
  flavorId: row.flavor,
  buyer: row.buyer,
  resources: row.resources,
  ...(row.service === null ? {} : { service: row.service }),
  state: row.state,
  expiresAt: row.expires_at.toISOString(),
  ...(row.contract === null ? {} : { contract: row.contract }),
});

/** What the SQL function `reserve_within` answers when it holds nothing. */
const REFUSALS: Record<string, readonly [FaultCode, string]> = {
  unknown: ['NOT_FOUND', 'no such flavor'],
  gone: ['FLAVOR_GONE', 'this flavor is no longer on sale on these terms'],
  'not-enough': ['NOT_ENOUGH', 'not enough of this flavor is left'],
  released: ['HOLD_RELEASED', 'the reservation of this key is over'],
  'key-used': ['BAD_REQUEST', 'this key reserved something else'],
};

/** Descriptions of flavors that are kept: what stands under a flavor's id never changes, and RESERVE needs it each time. */
const KEPT = 2000;

function flavorReader(pool: Pool): (id: FlavorId) => Promise<Flavor | undefined> {
  const kept = new Map<FlavorId, Flavor>();
  return async (id) => {
    const known = kept.get(id);
    if (known) return known;
    const flavor = await readFlavor(pool, id);
    if (flavor) kept.set(id, flavor);
    const oldest = kept.size > KEPT ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
    return flavor;
  };
}

/** A key is one attempt of a buyer, who repeats what it did for minutes, and gives it back for as long as we are away: after so long no repeat comes any more. */
const TOMBSTONE_DAYS = 30;
/**
 * Anybody may lay them, under whatever name: of more than these the oldest go. What is lost with one is little: a RESERVE of that key that comes after all holds something for as long as a
 * hold lasts, and a release is laid anew.
 */
const MOST_TOMBSTONES = 100_000;
/** An id that somebody reserved under and never bought with: it may be anybody's. */
const STRANGER_DAYS = 1;
/** Rows that go at once: a statement has to end before its time. */
const MOST_PRUNED = 10_000;
/** How long one call of `prune` goes on; the next one finds the rest. */
const PRUNING_MS = 15_000;

/** Repeats a deletion until it finds less than a whole batch, or its time is up; answers how many rows went. */
async function inBatches(remove: (most: number) => Promise<{ readonly count: number }>): Promise<number> {
  const until = performance.now() + PRUNING_MS / 2;
  let gone = 0;
  for (;;) {
    const { count } = await remove(MOST_PRUNED);
    gone += count;
    if (count < MOST_PRUNED || performance.now() > until) return gone;
  }
}

/** Moves a hold to released unless something else became of it; answers whether it moved. The lineage's row is locked before the hold's, as everywhere. */
async function letGo(sql: Db, row: { readonly id: string; readonly lineage: string }): Promise<boolean> {
  await sql`select from lineage where id = ${row.lineage} for update`;
  const moved = await sql`
    with moved as (update hold set state = 'released', service = null where id = ${row.id} and state = 'held' returning lineage, amounts)
    select ledger_move(lineage, amounts, -1, 0) from moved`;
  return moved.count > 0;
}

/** A hold of an instance, with how it is to be configured: a key that wanted another configuration reserved something else. */
async function configured(sql: Db, hold: (sql: Db) => Promise<Reserved[]>, service: ServiceTerms): Promise<Reserved[]> {
  const [row] = await hold(sql);
  if (row?.outcome !== 'held') return row ? [row] : [];
  const [kept] = await sql<{ same: boolean }[]>`
    update hold set service = coalesce(service, ${json(sql, service)}) where transaction = ${row.held_transaction} and state = 'held'
    returning service = ${json(sql, service)} as same`;
  return [kept?.same === false ? { ...row, outcome: 'key-used' } : row];
}

/** Reservations: the part of `Inventory` that holds capacity for a short time. */
export function holds(
  pool: Pool,
): Pick<Inventory, 'reserve' | 'flavor' | 'hold' | 'forgetConfiguration' | 'release' | 'abandon' | 'prune'> {
  const flavorOf = flavorReader(pool);
  return {
    async reserve({ flavor: id, buyer, part, gpu, service, idempotencyKey, transaction, ttlMs, maxHolds, limits }) {
      if (buyer.clusterId === undefined) throw new Fault('BUYER_REFUSED', 'a buyer has to name its Liqo cluster', { nodeId: buyer.id });
      const flavor = await flavorOf(id);
      if (!flavor) throw new Fault('NOT_FOUND', 'no such flavor', { flavor: id });
      const { offer } = flavor;
      if ((offer.kind === 'k8slice') !== (service === undefined))
        throw new Fault('CONFIGURATION_INVALID', `this is a ${offer.kind}`, { flavor: id });
      const resources = offer.kind === 'k8slice' ? canonicalResources(part ?? offer.resources) : NOTHING;
      const refusal = offer.kind === 'k8slice' ? checkPart(offer, resources) : undefined;
      if (refusal !== undefined) {
        // All that is left may be bought although it is between steps.
        const left = (await readListing(pool, id))?.offer;
        if (left?.kind !== 'k8slice' || checkPart(left, resources) !== undefined)
          throw new Fault('CONFIGURATION_INVALID', refusal, { flavor: id });
      }
      const otherGpu = gpu && offer.kind === 'k8slice' ? checkGpu(offer, resources, gpu) : undefined;
      if (otherGpu !== undefined) throw new Fault('CONFIGURATION_INVALID', otherGpu, { flavor: id });
      const taken = offer.kind === 'k8slice' ? resources : counted({ offer });
      const limited = limits && limitsUse(limits) ? limits : undefined;
      const cost = limited && costOf(limited, flavor, resources);
      const hold = (sql: Db) => sql<Reserved[]>`
        select * from reserve_within(${id}, ${json(sql, buyer)}, ${idempotencyKey ?? null}, ${toAmounts(taken)}, ${json(sql, resources)},
          ${transaction}, ${ttlMs}, ${maxHolds ?? null}, ${limited ? limitRow(limited, cost) : null}, ${cost?.amount ?? null}, ${cost?.currency ?? null})`;
      const [row] = service === undefined ? await hold(pool) : await pool.begin((sql) => configured(sql, hold, service));
      if (row?.outcome === 'held')
        return {
          id: row.held_transaction,
          flavorId: row.held_flavor,
          expiresAt: row.held_until.toISOString(),
          resources: row.held_resources,
        };
      const outcome = row?.outcome ?? '';
      const [code, words] = REFUSALS[outcome] ?? [];
      if (code && words) throw new Fault(code, words, { flavor: id });
      if (outcome === 'too-many') throw tooManyHolds(maxHolds ?? 0);
      if (row && limited && outcome === 'limit') {
        const use = useOf({ contracts: row.used_contracts, amounts: row.used_amounts, hourly: row.used_hourly }, cost);
        const passed = passedBy(limited, use, { resources: taken, hourly: cost });
        if (passed) throw limitReached(passed);
      }
      throw bindingFault(outcome, { clusterId: buyer.clusterId, nodeId: buyer.id }) ?? new Error(`reserve answered ${outcome}`);
    },
    flavor: flavorOf,
    async hold(transaction) {
      const [row] = await pool<HoldRow[]>`
        select transaction, flavor, buyer, resources, service, expires_at, contract,
          case when state = 'held' and expires_at <= clock_now() then 'expired' else state end as state
        from hold where transaction = ${transaction}`;
      return row && hold(row);
    },
    async forgetConfiguration(transaction) {
      await pool`update hold set service = null where transaction = ${transaction} and state = 'sold'`;
    },
    async release({ buyer, idempotencyKey }) {
      return await pool.begin(async (sql) => {
        // A tombstone first: whoever comes second, this call or RESERVE, finds the other's row.
        const laid = await sql`
          insert into hold (buyer_id, key, state) values (${buyer.id}, ${idempotencyKey}, 'released')
          on conflict (buyer_id, key) where key is not null do nothing`;
        if (laid.count > 0) return {};
        const [row] = await sql<{ id: string; lineage: string | null }[]>`
          select id, lineage from hold where buyer_id = ${buyer.id} and key = ${idempotencyKey}`;
        if (!row?.lineage || (await letGo(sql, { id: row.id, lineage: row.lineage }))) return {};
        const [kept] = await sql<{ contract: ContractId | null }[]>`select contract from hold where id = ${row.id}`;
        return kept?.contract ? { sold: kept.contract } : {};
      });
    },
    async abandon(transaction) {
      return await pool.begin(async (sql) => {
        const [row] = await sql<{ id: string; lineage: string }[]>`select id, lineage from hold where transaction = ${transaction}`;
        return row ? await letGo(sql, row) : false;
      });
    },
    async prune() {
      // Of a flavor that nobody asks for, nobody else turns expired holds into tombstones.
      await pool`select sweep(id) from (select id from lineage where next_expiry <= clock_now() order by id for update skip locked) due`;
      // `greatest` passes over the null of a table that has fewer.
      const holds = await inBatches(
        (most) => pool`
        delete from hold where id in (
          select id from hold where state in ('released', 'expired') and made_at < greatest(
            clock_now() - ${TOMBSTONE_DAYS} * interval '1 day',
            (select made_at + interval '1 microsecond' from hold where state in ('released', 'expired') order by made_at desc offset ${MOST_TOMBSTONES} limit 1))
          order by made_at limit ${most})`,
      );
      const clusters = await inBatches(
        (most) => pool`
        delete from cluster_identity where cluster_id in (
          select cluster_id from cluster_identity c where seen_at < clock_now() - ${STRANGER_DAYS} * interval '1 day'
            and not exists (select from contract where terms ->> 'buyerCluster' = c.cluster_id)
            and not exists (select from contract where terms ->> 'sellerCluster' = c.cluster_id)
          limit ${most})`,
      );
      return { holds, clusters };
    },
  };
}
