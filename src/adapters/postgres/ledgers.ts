import type { BlueprintKind } from '../../domain/flavor.ts';
import { flavorId } from '../../domain/ids.ts';
import { isSellable } from '../../domain/partition.ts';
import { add, fits, NOTHING, type Resources } from '../../domain/resources.ts';
import type { Inventory, Ledger, Sold } from '../../ports/inventory.ts';
import { type Amounts, fromAmounts, orPromised } from './amounts.ts';
import type { Pool } from './connect.ts';
import { counted, type FlavorRow, flavorOf, isMade, PAGE } from './flavors.ts';

type LedgerRow = FlavorRow & {
  readonly on_sale: boolean;
  readonly held: Amounts;
  readonly sold: Amounts;
  readonly wanted: Amounts;
  readonly sound: boolean;
  readonly terms_key: string | null;
};

/** Lineages of which the same is left, and may be sold in the same parts. */
interface SumRow {
  readonly living: boolean;
  readonly kind: 'k8slice' | BlueprintKind;
  readonly min: Resources | null;
  readonly storage: boolean;
  readonly gpu: boolean;
  readonly free: Amounts;
  readonly lineages: number;
  readonly free_sum: Amounts;
  readonly held_sum: Amounts;
  readonly sold_sum: Amounts;
  readonly holds: number;
}

const ledgerOf = (row: LedgerRow): Ledger => {
  const of = (amounts: Amounts) => fromAmounts(amounts, counted(row.description));
  return {
    lineage: flavorId(row.lineage),
    onSale: row.on_sale,
    flavor: flavorOf(row),
    wanted: of(row.wanted),
    sound: row.sound,
    ...(row.terms_key !== null && { terms: row.terms_key }),
    sold: of(row.sold),
    held: of(row.held),
  };
};

/** Whether each of them is listed, as `isListed` has it of a whole flavor. */
function areListed({ living, kind, min, free }: SumRow, like: Resources): boolean {
  if (!living) return false;
  if (kind !== 'k8slice') return fits(fromAmounts(free, NOTHING), INSTANCE);
  const partitionability = { min: min ?? NOTHING, step: NOTHING };
  return isSellable({ kind, architecture: '', resources: fromAmounts(free, like), partitionability });
}
const INSTANCE: Resources = { ...NOTHING, pods: '1' };

/** What is promised of what was published: the part of `Inventory` that reads it. */
export const ledgers = (pool: Pool): Pick<Inventory, 'ledgers' | 'salesOf' | 'sums'> => ({
  async ledgers(made = {}) {
    const rows = pool<LedgerRow[]>`
      select f.*, s.on_sale, s.held, s.sold, l.wanted, l.terms_key,
        l.total = ${orPromised(pool, 'l.wanted', 'l.held', 'l.sold')} and (not s.on_sale or (f.state = 'living' and f.terms = l.terms)) as sound
      from stock s join lineage l on l.id = s.lineage join lateral (select * from flavor where lineage = s.lineage order by generation desc limit 1) f on true
      where (s.on_sale or 0 < any (s.sold) or 0 < any (s.held)) and ${isMade(pool, made)} order by s.lineage`.cursor(PAGE);
    const found: Ledger[] = [];
    for await (const page of rows) found.push(...page.map(ledgerOf));
    return found;
  },
  async salesOf(lineages) {
    const rows = await pool<(Omit<Sold, 'soldAt'> & { sold_at: Date })[]>`
      select h.lineage, h.transaction, h.contract, h.resources, c.created_at as sold_at, c.state = 'ending' as ending
      from contract c join hold h on h.transaction = c.transaction
      where c.role = 'seller' and c.state <> 'over' and h.lineage in ${pool(lineages.length > 0 ? [...lineages] : [''])}`;
    return rows.map(({ sold_at, ...sold }) => ({ ...sold, soldAt: sold_at.toISOString() }));
  },
  async sums() {
    const rows = pool<SumRow[]>`
      select f.living, f.kind, f.min, f.storage, f.gpu, s.free, count(*)::integer as lineages,
        array[sum(s.free[1]), sum(s.free[2]), sum(s.free[3]), sum(s.free[4]), sum(s.free[5])] as free_sum,
        array[sum(s.held[1]), sum(s.held[2]), sum(s.held[3]), sum(s.held[4]), sum(s.held[5])] as held_sum,
        array[sum(s.sold[1]), sum(s.sold[2]), sum(s.sold[3]), sum(s.sold[4]), sum(s.sold[5])] as sold_sum,
        (select count(*)::integer from hold where state = 'held' and expires_at > clock_now()) as holds
      -- Fenced off: what the view computes is an array, which would be computed again for each element that is read of it.
      from (select lineage, free, held, sold from stock offset 0) s join lateral (
        select state = 'living' as living, description #>> '{offer,kind}' as kind, description #> '{offer,partitionability,min}' as min,
          coalesce(jsonb_exists(description #> '{offer,resources}', 'storage'), false) as storage,
          coalesce(jsonb_exists(description #> '{offer,resources}', 'gpu'), false) as gpu
        from flavor where lineage = s.lineage order by generation desc limit 1
      ) f on true
      group by 1, 2, 3, 4, 5, 6`.cursor(PAGE);
    let sums = { free: NOTHING, held: NOTHING, sold: NOTHING, holds: 0, flavors: 0 };
    for await (const page of rows)
      for (const row of page) {
        const like = { ...NOTHING, ...(row.storage && { storage: '0' }), ...(row.gpu && { gpu: '0' }) };
        const of = (amounts: Amounts) => (row.kind === 'k8slice' ? fromAmounts(amounts, like) : NOTHING);
        sums = {
          free: row.living ? add(sums.free, of(row.free_sum)) : sums.free,
          held: add(sums.held, of(row.held_sum)),
          sold: add(sums.sold, of(row.sold_sum)),
          holds: row.holds,
          flavors: sums.flavors + (areListed(row, like) ? row.lineages : 0),
        };
      }
    return sums;
  },
});
