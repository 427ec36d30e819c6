import {
  type BuyerLimits,
  type BuyerUse,
  creditIn,
  type HourlyAmount,
  limitReached,
  NO_USE,
  passedBy,
  using,
  type Wanted,
} from '../../domain/buyer-limits.ts';
import type { Flavor, NodeIdentity } from '../../domain/flavor.ts';
import { hourly } from '../../domain/money.ts';
import { priceOfPart } from '../../domain/partition.ts';
import { type ByName, pageOf } from '../../domain/pages.ts';
import { nanos } from '../../domain/quantity.ts';
import { RESOURCE_NAMES, type Resources } from '../../domain/resources.ts';
import type { BuyerHoldings, Inventory } from '../../ports/inventory.ts';
import { type Amounts, fromAmounts } from './amounts.ts';
import type { Db, Pool } from './connect.ts';

/** Amounts without a flavor that says which of them it has: storage as the others. */
const ALL: Resources = { cpu: '0', memory: '0', pods: '0', storage: '0', gpu: '0' };

/** As the store compares currencies. */
const currencyOf = (currency: string): string => currency.trim().toUpperCase();

/** What a reservation would cost an hour, where that is limited. */
export function costOf(limits: BuyerLimits, flavor: Flavor, resources: Resources): HourlyAmount | undefined {
  if (limits.credit === undefined) return undefined;
  const price = priceOfPart(flavor, resources);
  return price && { amount: hourly(price), currency: currencyOf(price.currency) };
}

/** The SQL function's `p_limits`. */
export function limitRow(limits: BuyerLimits, cost: HourlyAmount | undefined): string {
  const amounts = RESOURCE_NAMES.map((name) => limits[name]).map((most) => (most === undefined ? 'null' : nanos(most)));
  const credit = cost && creditIn(limits, cost.currency);
  return `{${[...amounts, limits.contracts ?? 'null', credit?.amount ?? 'null'].join(',')}}`;
}

export interface UseRow {
  readonly contracts: number;
  readonly amounts: Amounts;
  readonly hourly: string;
}
/** What the SQL function `buyer_use` answers, costs in the currency that was asked for. */
export const useOf = (row: UseRow, cost: HourlyAmount | undefined): BuyerUse => ({
  contracts: row.contracts,
  resources: fromAmounts(row.amounts, ALL),
  hourly: cost ? [{ amount: row.hourly, currency: cost.currency }] : [],
});

/** Refuses a sale with which its buyer would have more than it may by now. From here to the end of the transaction nothing else is reserved or sold to that buyer. */
export async function checkUse(
  sql: Db,
  input: { readonly buyer: string; readonly transaction: string; readonly limits: BuyerLimits; readonly wanted: Wanted },
): Promise<void> {
  const { buyer, transaction, limits, wanted } = input;
  const [row] = await sql<UseRow[]>`select * from buyer_use(${buyer}, ${wanted.hourly?.currency ?? null}, ${transaction})`;
  const passed = row && passedBy(limits, useOf(row, wanted.hourly), wanted);
  if (passed) throw limitReached(passed);
}

/** What every buyer has: the part of `Inventory` that lists them. */
export const buyers = (pool: Pool): Pick<Inventory, 'buyers'> => ({
  async buyers({ limit, after: [after = ''] = [''] }) {
    const rows = await pool<
      { buyer: NodeIdentity; sale: boolean; amounts: Amounts; hourly: string | null; currency: string | null; count: number }[]
    >`
      with all_of as (select * from buyer_holdings(null)), 
        first as (select distinct buyer_id from all_of where buyer_id > ${after} order by buyer_id limit ${limit + 1})
      select buyer_id, (array_agg(buyer order by sale desc, transaction))[1] as buyer, sale, currency, trim_scale(sum(hourly)) as hourly, count(*)::integer as count,
        array[sum(amounts[1]), sum(amounts[2]), sum(amounts[3]), sum(amounts[4]), sum(amounts[5])] as amounts
      from all_of where buyer_id in (select buyer_id from first) group by buyer_id, sale, currency order by buyer_id, sale desc, currency`;
    const found = new Map<string, BuyerHoldings>();
    for (const { buyer, sale, amounts, hourly: cost, currency, count } of rows) {
      const before = found.get(buyer.id) ?? { buyer, holds: 0, ...NO_USE };
      const more = {
        resources: fromAmounts(amounts, ALL),
        hourly: cost === null || currency === null ? undefined : { amount: cost, currency },
      };
      found.set(buyer.id, {
        ...before,
        ...using(before, { ...more, isContract: false }),
        contracts: before.contracts + (sale ? count : 0),
        holds: before.holds + (sale ? 0 : count),
      });
    }
    return pageOf([...found.values()], limit, { item: (each) => each, place: ({ buyer }): ByName => [buyer.id] });
  },
});
