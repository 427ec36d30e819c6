import type { Inventory } from '../../ports/inventory.ts';
import { type Amounts, fromAmounts } from './amounts.ts';
import type { Db, Pool } from './connect.ts';
import { counted, type NewFlavorId, readLast, renew } from './flavors.ts';

interface Counted {
  readonly id: string;
  readonly on_sale: boolean;
  readonly held: Amounts;
  readonly sold: Amounts;
  readonly should_hold: Amounts;
  readonly should_have_sold: Amounts;
}

/** Ledgers whose sums are not those of their holds and contracts. One statement sees one moment, in which both move together: what differs there is wrong. */
const wrong = (sql: Db, lineage: string | null) => sql<Counted[]>`
  with held as (
    select lineage, array[sum(amounts[1]), sum(amounts[2]), sum(amounts[3]), sum(amounts[4]), sum(amounts[5])] as amounts
    from hold where state = 'held' and lineage is not null group by lineage
  ), sold as (
    select h.lineage, array[sum(h.amounts[1]), sum(h.amounts[2]), sum(h.amounts[3]), sum(h.amounts[4]), sum(h.amounts[5])] as amounts
    from contract c join hold h on h.transaction = c.transaction and h.state = 'sold'
    where c.role = 'seller' and c.state <> 'over' group by h.lineage
  )
  select l.id, l.on_sale, l.held, l.sold, coalesce(held.amounts, '{0,0,0,0,0}') as should_hold, coalesce(sold.amounts, '{0,0,0,0,0}') as should_have_sold
  from lineage l left join held on held.lineage = l.id left join sold on sold.lineage = l.id
  where (l.id = ${lineage} or ${lineage}::text is null)
    and (l.held <> coalesce(held.amounts, '{0,0,0,0,0}') or l.sold <> coalesce(sold.amounts, '{0,0,0,0,0}'))`;

/** The ledger derived again from holds and contracts: the part of `Inventory` that mends it. */
export const recount = (pool: Pool, newId: NewFlavorId): Pick<Inventory, 'recount'> => ({
  async recount() {
    const mended: string[] = [];
    for (const { id } of await wrong(pool, null)) {
      await pool.begin(async (sql) => {
        await sql`select from lineage where id = ${id} for update`;
        // Under the lock nothing moves any more.
        const [row] = await wrong(sql, id);
        const last = row && (await readLast(sql, id));
        if (!row || !last) return;
        await sql`
          update lineage set held = ${row.should_hold}, sold = ${row.should_have_sold}, version = pg_current_xact_id()::text::bigint,
            total = array[greatest(wanted[1], h[1] + s[1]), greatest(wanted[2], h[2] + s[2]), greatest(wanted[3], h[3] + s[3]),
              greatest(wanted[4], h[4] + s[4]), greatest(wanted[5], h[5] + s[5])]
          from (values (${row.should_hold}::numeric[], ${row.should_have_sold}::numeric[])) as counted (h, s) where id = ${id}`;
        if (row.on_sale) await renew(sql, { lineage: id, id: newId(last.owner.domain, last.offer.kind) });
        const words = (held: Amounts, sold: Amounts): string => {
          const [h, s] = [held, sold].map((amounts) => fromAmounts(amounts, counted(last)));
          if (last.offer.kind !== 'k8slice') return `held ${h?.pods} and sold ${s?.pods} instances`;
          const gpus = h?.gpu === undefined ? '' : `; GPUs held ${h.gpu}, sold ${s?.gpu}`;
          return `held ${h?.cpu} cpu and ${h?.memory}, sold ${s?.cpu} cpu and ${s?.memory}${gpus}`;
        };
        mended.push(
          `the ledger of ${id} said ${words(row.held, row.sold)}; its holds and contracts say ${words(row.should_hold, row.should_have_sold)}: written anew`,
        );
      });
    }
    return mended;
  },
});
