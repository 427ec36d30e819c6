import type { ContractTerms } from '../../domain/contract.ts';
import type { Flavor } from '../../domain/flavor.ts';
import type { ContractId } from '../../domain/ids.ts';
import { amountWords } from '../../domain/resources.ts';
import type { Hold, Inventory, Recount } from '../../ports/inventory.ts';
import { type Amounts, fromAmounts, toAmounts, atMostListed, orPromised } from './amounts.ts';
import type { Db, Pool } from './connect.ts';
import { counted, type NewFlavorId, readLast, renew } from './flavors.ts';

interface Counted {
  readonly id: string;
  readonly on_sale: boolean;
  readonly held: Amounts;
  readonly sold: Amounts;
  readonly should_hold: Amounts;
  readonly should_have_sold: Amounts;
  readonly total: Amounts;
  /** What may be sold in all, and of that what was published: the rest is promised beyond it. */
  readonly should_be: Amounts;
  readonly should_be_wanted: Amounts;
  readonly wanted: Amounts;
  readonly sums_differ: boolean;
  readonly total_differs: boolean;
  readonly wanted_differs: boolean;
  /** It is on sale, and no flavor is there by which it can be bought. */
  readonly unlisted: boolean;
}

/**
 * Ledgers whose sums are not those of their holds and contracts, or of which more or less may be sold than was published, or than is promised where that is more. One statement sees one moment, in which all of it moves
 * together: what differs there is wrong. What was published is not taken from one word of the ledger's alone, by which more would be sold: the flavor on sale was made of it, less what was sold then.
 */
const wrong = (sql: Db, lineage: string | null) => sql<Counted[]>`
  with holding as (
    select lineage, array[sum(amounts[1]), sum(amounts[2]), sum(amounts[3]), sum(amounts[4]), sum(amounts[5])] as amounts
    from hold where state = 'held' and lineage is not null group by lineage
  ), signed as (
    select h.lineage, array[sum(h.amounts[1]), sum(h.amounts[2]), sum(h.amounts[3]), sum(h.amounts[4]), sum(h.amounts[5])] as amounts
    from contract c join hold h on h.transaction = c.transaction and h.state = 'sold'
    where c.role = 'seller' and c.state <> 'over' group by h.lineage
  ), summed as (
    select l.*, coalesce(holding.amounts, '{0,0,0,0,0}') as h, coalesce(signed.amounts, '{0,0,0,0,0}') as s, f.total as listed
    from lineage l left join holding on holding.lineage = l.id left join signed on signed.lineage = l.id
      left join flavor f on f.lineage = l.id and f.state = 'living' and f.terms = l.terms and l.on_sale
    where l.id = ${lineage} or ${lineage}::text is null
  ), counted as (
    select *, case when listed is null then wanted else ${atMostListed(sql, 'wanted', 'listed', 's')} end as w
    from summed
  ), derived as (
    select *, ${orPromised(sql, 'w', 'h', 's')} as should_be
    from counted
  )
  select id, on_sale, held, sold, h as should_hold, s as should_have_sold, total, should_be, wanted, w as should_be_wanted,
    held <> h or sold <> s as sums_differ, total <> should_be as total_differs, wanted <> w as wanted_differs, on_sale and listed is null as unlisted
  from derived where held <> h or sold <> s or total <> should_be or wanted <> w or (on_sale and listed is null)`;

interface Unsold {
  readonly contract: ContractId;
  readonly transaction: string;
  readonly offer: Flavor['offer'];
  readonly resources: ContractTerms['resources'];
  /** What it draws on, by its hold or else by its flavor. */
  readonly lineage: string | null;
  readonly state: Hold['state'] | null;
}

/** Living sales whose hold is not sold to them. A sale moves both at once, and its end leaves the hold as it is. */
const unsold = (sql: Db, lineage: string | null) => sql<Unsold[]>`
  select * from (
    select c.id as contract, c.transaction, c.terms #> '{flavor,offer}' as offer, c.terms -> 'resources' as resources, h.state,
      coalesce(h.lineage, (select f.lineage from flavor f where f.id = c.terms #>> '{flavor,id}')) as lineage
    from contract c left join hold h on h.transaction = c.transaction
    where c.role = 'seller' and c.state <> 'over' and (h.state is distinct from 'sold' or h.contract is distinct from c.id)
  ) unsold where lineage = ${lineage} or ${lineage}::text is null`;

const signedAmounts = ({ offer, resources }: Unsold): Amounts => toAmounts(offer.kind === 'k8slice' ? resources : counted({ offer }));

/**
 * A hold that is gone is written anew out of its contract, in place of a tombstone of its key, if one was laid since; answers whether it could be: not when its buyer reserved something else by that key. How an instance was configured
 * went with the hold: what is not made yet is made as the contract says.
 */
async function holdAgain(sql: Db, sale: Unsold): Promise<boolean> {
  const { count } = await sql`
    insert into hold (transaction, lineage, flavor, buyer_id, buyer, key, resources, amounts, state, expires_at, contract)
    select transaction, ${sale.lineage}, terms #>> '{flavor,id}', terms #>> '{buyer,id}', terms -> 'buyer', acquisition, terms -> 'resources',
      ${signedAmounts(sale)}::numeric[], 'sold', (terms ->> 'startsAt')::timestamptz, id
    from contract where id = ${sale.contract} and role = 'seller'
    on conflict (buyer_id, key) where key is not null do update set transaction = excluded.transaction, lineage = excluded.lineage, flavor = excluded.flavor,
      buyer = excluded.buyer, resources = excluded.resources, amounts = excluded.amounts, state = excluded.state, expires_at = excluded.expires_at,
      contract = excluded.contract
    where hold.transaction is null`;
  return count > 0;
}

/** A hold is sold again to the contract that it was sold to, where it is what both signed; answers whether it is. */
async function sellAgain(sql: Db, sale: Unsold): Promise<boolean> {
  const { contract, transaction } = sale;
  const { count } = await sql`
    update hold set state = 'sold', contract = ${contract}
    where transaction = ${transaction} and amounts = ${signedAmounts(sale)}::numeric[] and num_nulls(flavor, lineage, buyer, resources, expires_at) = 0`;
  return count > 0;
}

const words = (held: Amounts, sold: Amounts, like: Flavor): string => {
  const [h, s] = [held, sold].map((amounts) => fromAmounts(amounts, counted(like)));
  if (like.offer.kind !== 'k8slice') return `held ${h?.pods} and sold ${s?.pods} instances`;
  const gpus = h?.gpu === undefined ? '' : `; GPUs held ${h.gpu}, sold ${s?.gpu}`;
  return `held ${h?.cpu} cpu and ${h?.memory}, sold ${s?.cpu} cpu and ${s?.memory}${gpus}`;
};
const all = (total: Amounts, like: Flavor): string => {
  const resources = fromAmounts(total, counted(like));
  return like.offer.kind === 'k8slice' ? amountWords(resources) : `${resources.pods} instances`;
};
const lineOf = ({ contract, transaction, state }: Unsold): string =>
  `contract ${contract} lives, and its reservation ${transaction} ${state === null ? 'is not there' : `was ${state === 'sold' ? 'sold under another contract' : state}`}`;

/** One ledger, and the holds of its living sales. */
async function recounted(sql: Db, id: string, newId: NewFlavorId): Promise<Recount> {
  await sql`select from lineage where id = ${id} for update`;
  // Under the lock nothing moves any more.
  const mended: string[] = [];
  const failed: string[] = [];
  for (const sale of await unsold(sql, id)) {
    const isGone = sale.state === null;
    if (await (isGone ? holdAgain : sellAgain)(sql, sale)) mended.push(`${lineOf(sale)}: ${isGone ? 'written anew' : 'sold again'}`);
    else
      failed.push(
        `${lineOf(sale)}${isGone ? ', and its key reserved something else' : ', of other amounts'}: the ledger of ${id} is left as it is`,
      );
  }
  const [row] = failed.length > 0 ? [] : await wrong(sql, id);
  const last = row && (await readLast(sql, id));
  if (!row || !last) return { mended, failed };
  await sql`
    update lineage set held = ${row.should_hold}, sold = ${row.should_have_sold}, total = ${row.should_be}, wanted = ${row.should_be_wanted},
      version = pg_current_xact_id()::text::bigint
    where id = ${id}`;
  if (row.on_sale) await renew(sql, { lineage: id, id: newId(last.owner.domain, last.offer.kind) });
  if (row.sums_differ) {
    const [said, say] = [words(row.held, row.sold, last), words(row.should_hold, row.should_have_sold, last)];
    mended.push(`the ledger of ${id} said ${said}; its holds and contracts say ${say}: written anew`);
  }
  if (row.total_differs || row.wanted_differs) {
    const [said, says] = row.total_differs ? [row.total, row.should_be] : [row.wanted, row.should_be_wanted];
    mended.push(
      `the ledger of ${id} said that ${all(said, last)} may be sold; what was published and is promised says ${all(says, last)}: written anew`,
    );
  }
  if (row.unlisted) mended.push(`${id} was on sale, and not listed as it is sold: listed anew`);
  return { mended, failed };
}

/** The ledger derived again from holds and contracts: the part of `Inventory` that mends it. */
export const recount = (pool: Pool, newId: NewFlavorId): Pick<Inventory, 'recount'> => ({
  async recount() {
    const [sales, ledgers] = await Promise.all([unsold(pool, null), wrong(pool, null)]);
    const nowhere = sales.filter(({ lineage }) => lineage === null).map((sale) => `${lineOf(sale)}, of a flavor that is not there`);
    const ids = new Set([...sales.flatMap(({ lineage }) => lineage ?? []), ...ledgers.map(({ id }) => id)]);
    const all: Recount[] = [];
    for (const id of ids) all.push(await pool.begin((sql) => recounted(sql, id, newId)));
    return { mended: all.flatMap(({ mended }) => mended), failed: [...nowhere, ...all.flatMap(({ failed }) => failed)] };
  },
});
