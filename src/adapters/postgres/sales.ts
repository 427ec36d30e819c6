import { type BuyerLimits, limitsUse } from '../../domain/buyer-limits.ts';
import type { ContractTerms, ServiceTerms } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import { type Flavor, isBlueprint, type NodeIdentity, withoutTerms } from '../../domain/flavor.ts';
import { type FlavorId, clusterId } from '../../domain/ids.ts';
import { priceOfPart } from '../../domain/partition.ts';
import type { Resources } from '../../domain/resources.ts';
import { contractedService } from '../../domain/service-terms.ts';
import type { Hold, Inventory } from '../../ports/inventory.ts';
import { writeTime } from '../../rear/flavor.ts';
import type { Amounts } from './amounts.ts';
import { checkUse, costOf } from './buyers.ts';
import type { Db, Pool } from './connect.ts';
import { endContract, insertContract, readContract } from './contracts.ts';
import { counted, type NewFlavorId, readFlavor, renew } from './flavors.ts';

interface SoldRow {
  readonly flavor: FlavorId;
  readonly buyer: NodeIdentity;
  readonly key: string | null;
  readonly resources: Resources;
  readonly amounts: Amounts;
  readonly service: ServiceTerms | null;
  readonly sold_at: Date;
}

/** Why a hold could not be sold. */
async function refusal(sql: Db, transaction: string): Promise<Fault> {
  const [row] = await sql<{ state: Hold['state'] }[]>`select state from hold where transaction = ${transaction}`;
  if (row?.state === 'released') return new Fault('HOLD_RELEASED', 'this reservation was released', { transaction });
  if (row?.state === 'sold') return new Fault('HOLD_RELEASED', 'this reservation was sold under another contract', { transaction });
  return new Fault('HOLD_EXPIRED', 'this reservation has expired', { transaction });
}

interface LineageRow {
  readonly id: string;
  readonly on_sale: boolean;
}

/** Locks the ledger that a transaction draws on, before anything else of it. */
const lockLineage = (sql: Db, transaction: string) => sql<LineageRow[]>`
  select id, on_sale from lineage where id = (select lineage from hold where transaction = ${transaction}) for update`;

/** Puts the rest on sale under a new id, the sums moved; a lineage off sale only moves its sums. */
async function move(
  sql: Db,
  lineage: LineageRow,
  delta: { readonly amounts: Amounts; readonly to: 'sold' | 'free' },
  next: FlavorId,
): Promise<void> {
  const [held, sold] = delta.to === 'sold' ? [-1, 1] : [0, -1];
  const moved = sql`select ledger_move(${lineage.id}, ${delta.amounts}, ${held}, ${sold})`.execute();
  await Promise.all([moved, lineage.on_sale ? renew(sql, { lineage: lineage.id, id: next }) : undefined]);
}

/** Only before it is sold: what was sold in time stays sold. The buyer's lock comes before the ledger's, as in RESERVE. */
async function checkLimits(sql: Db, transaction: string, limits: (buyer: NodeIdentity) => BuyerLimits): Promise<void> {
  const [hold] = await sql<Pick<SoldRow, 'flavor' | 'buyer' | 'resources'>[]>`
    select flavor, buyer, resources from hold where transaction = ${transaction} and state = 'held'`;
  if (!hold) return;
  const mine = limits(hold.buyer);
  if (!limitsUse(mine)) return;
  const flavor = await readFlavor(sql, hold.flavor);
  const hourly = flavor && costOf(mine, flavor, hold.resources);
  const resources = flavor && flavor.offer.kind !== 'k8slice' ? counted(flavor) : hold.resources;
  await checkUse(sql, { buyer: hold.buyer.id, transaction, limits: mine, wanted: { resources, hourly } });
}

/** Sales and their undoing: the part of `Inventory` that makes contracts. */
export const sales = (pool: Pool, newId: NewFlavorId): Pick<Inventory, 'sell' | 'giveBack'> => ({
  async sell({ transaction, contract, seller, lifetimeMs, sign, limits }) {
    const sellerCluster = seller.clusterId;
    if (sellerCluster === undefined) throw new Fault('CLUSTER_UNREACHABLE', 'the Liqo id of our own cluster is not known yet');
    return await pool.begin(async (sql) => {
      if (limits) await checkLimits(sql, transaction, limits);
      // Sent together they cost the lock one round trip; `execute` sends, and a connection runs them in the order in which they were sent.
      const locked = lockLineage(sql, transaction).execute();
      const moved = sql<SoldRow[]>`
        update hold set state = 'sold', contract = ${contract}
        where transaction = ${transaction} and ((state = 'sold' and contract = ${contract}) or (state = 'held' and expires_at > clock_now()))
        returning flavor, buyer, key, resources, amounts, service, clock_now() as sold_at`.execute();
      const [[lineage], [sold], before] = await Promise.all([locked, moved, readContract(sql, contract)]);
      if (!lineage) throw new Fault('NOT_FOUND', 'no such reservation', { transaction });
      if (!sold) throw await refusal(sql, transaction);
      if (before?.role === 'seller') return before;
      // Somebody from whom we buy named its contract as ours would be named: its row answers for nothing that we sell.
      if (before) throw new Fault('HOLD_RELEASED', 'the contract id of this reservation is taken', { transaction });
      const flavor = await readFlavor(sql, sold.flavor);
      if (!flavor) throw new Error(`a hold names flavor ${sold.flavor}, which is not there`);
      const price = priceOfPart(flavor, sold.resources);
      const terms: ContractTerms = {
        id: contract,
        transaction,
        flavor: sold.key === null ? withoutTerms(flavor) : flavor,
        buyer: sold.buyer,
        buyerCluster: sold.buyer.clusterId ?? clusterId(''),
        seller,
        sellerCluster,
        resources: sold.resources,
        ...(sold.service && isBlueprint(flavor) && { service: contractedService(flavor.offer, sold.service) }),
        ...(price === undefined ? {} : { price }),
        // As the wire and the signatures write them: both sides keep the same.
        startsAt: writeTime(sold.sold_at.toISOString()),
        expiresAt: writeTime(new Date(sold.sold_at.getTime() + lifetimeMs).toISOString()),
      };
      // FLUIDOS buyers, who send no key, would not know what to do with a signature.
      const agreement = sold.key === null ? undefined : await sign?.(terms);
      const [made] = await Promise.all([
        insertContract(sql, { terms, role: 'seller', acquisition: sold.key ?? undefined, agreement }),
        move(sql, lineage, { amounts: sold.amounts, to: 'sold' }, newId(seller.domain, flavor.offer.kind)),
      ]);
      if (!made) throw new Error(`contract ${contract} was there although its hold was not sold`);
      return made;
    });
  },
  async giveBack({ contract, transaction, ending }) {
    await pool.begin(async (sql) => {
      const [known] = transaction
        ? [{ transaction }]
        : await sql<{ transaction: string }[]>`select transaction from contract where id = ${contract} and role = 'seller'`;
      const [lineage] = known ? await lockLineage(sql, known.transaction) : [];
      if (!known || !lineage) return;
      // Only under the lock is it sure what became of the hold: a `sell` that its caller gave up on may have committed just now, or wait behind us.
      const released = await sql`
        with moved as (update hold set state = 'released', service = null where transaction = ${known.transaction} and state = 'held' returning lineage, amounts)
        select ledger_move(lineage, amounts, -1, 0) from moved`;
      if (released.count > 0) return;
      const [sold] = await sql<{ amounts: Amounts; domain: string; kind: Flavor['offer']['kind'] }[]>`
        select h.amounts, c.terms -> 'seller' ->> 'domain' as domain, c.terms #>> '{flavor,offer,kind}' as kind from hold h join contract c using (transaction)
        where h.transaction = ${known.transaction} and c.id = ${contract} and c.role = 'seller'`;
      if (!sold || !(await endContract(sql, contract, 'seller', ending))) return;
      await move(sql, lineage, { amounts: sold.amounts, to: 'free' }, newId(sold.domain, sold.kind));
      if (sold.kind !== 'k8slice') await sql`update hold set service = null where transaction = ${known.transaction}`;
    });
  },
});
