import { Fault } from '../../domain/faults.ts';
import { type BlueprintKind, type Flavor, isSlice } from '../../domain/flavor.ts';
import { type FlavorId, flavorId } from '../../domain/ids.ts';
import { type ByName, pageOf } from '../../domain/pages.ts';
import { isSellable, partOf } from '../../domain/partition.ts';
import { canonicalResources, fits, NOTHING, type Resources } from '../../domain/resources.ts';
import type { FlavorsMade, Inventory } from '../../ports/inventory.ts';
import { type Amounts, fromAmounts, toAmounts, orPromised } from './amounts.ts';
import { type Db, json, type Pool } from './connect.ts';

/** A flavor as configured, less what differs from start to start. Its id is the lineage's. */
type Description = Omit<Flavor, 'createdAt' | 'available'>;

export interface FlavorRow {
  readonly id: FlavorId;
  readonly lineage: string;
  readonly description: Description;
  readonly total: Amounts;
  readonly created_at: Date;
}

/** Flavors that are read, and turned into ours, in one go: others have their turn in between. */
export const PAGE = 500;

/** The condition on a flavor `f` that it was made so. */
export const isMade = (sql: Db, { property, blueprint = false }: FlavorsMade) => sql`
  (${property ?? null}::text is null or jsonb_exists(f.description #> '{offer,additionalProperties}', ${property ?? null}::text))
  and (not ${blueprint}::boolean or f.description #>> '{offer,kind}' <> 'k8slice')`;

/** Names the next flavor of a lineage; unique in the world. */
export type NewFlavorId = (domain: string, kind: 'k8slice' | BlueprintKind) => FlavorId;

const description = (flavor: Flavor): Description => {
  const { createdAt: _, available: __, ...kept } = flavor;
  return kept.offer.kind === 'k8slice' ? { ...kept, offer: { ...kept.offer, resources: canonicalResources(kept.offer.resources) } } : kept;
};

/** What a ledger counts of a flavor: of a blueprint, its instances as pods. */
export const counted = ({ offer }: Pick<Flavor, 'offer'>, instances = 1): Resources =>
  offer.kind === 'k8slice' ? offer.resources : { ...NOTHING, pods: String(instances) };

/** The flavor as it was when it was made: price and resources never change under an id. */
export const flavorOf = (row: FlavorRow): Flavor => {
  const whole: Flavor = { ...row.description, id: row.id, available: true, createdAt: row.created_at.toISOString() };
  return isSlice(whole) ? partOf(whole, fromAmounts(row.total, whole.offer.resources)) : whole;
};

/** What is left of it. */
export const listedOf = (row: FlavorRow & { readonly free: Amounts }): Flavor => {
  const flavor = flavorOf(row);
  return isSlice(flavor) && row.free !== row.total ? partOf(flavor, fromAmounts(row.free, flavor.offer.resources)) : flavor;
};

/** Whether anything of what it lists can be bought. */
export const isListed = (row: FlavorRow & { readonly free: Amounts }, { offer }: Flavor = listedOf(row)): boolean =>
  offer.kind === 'k8slice' ? isSellable(offer) : fits(fromAmounts(row.free, NOTHING), counted({ offer }));

/** A flavor by its id, living or retired, as it was made. */
export async function readFlavor(sql: Db, id: string): Promise<Flavor | undefined> {
  const [row] = await sql<FlavorRow[]>`select * from flavor where id = ${id}`;
  return row && flavorOf(row);
}

/** The last flavor of a lineage, living or not. */
export async function readLast(sql: Db, lineage: string): Promise<Flavor | undefined> {
  const [row] = await sql<FlavorRow[]>`select * from flavor where lineage = ${lineage} order by generation desc limit 1`;
  return row && flavorOf(row);
}

/** What the lineage of a flavor lists now; `undefined` when it is off sale. */
export async function readListing(sql: Db, id: string): Promise<Flavor | undefined> {
  const [row] = await sql<(FlavorRow & { free: Amounts })[]>`
    select f.*, s.free from flavor named join stock s using (lineage) join flavor f on f.lineage = s.lineage and f.state = 'living'
    where named.id = ${id}`;
  return row && listedOf(row);
}

/** Retires the living flavor of a locked lineage and puts what is not sold on sale under a new id; sent at once, after what was sent before. */
export async function renew(
  sql: Db,
  next: { readonly lineage: string; readonly id: FlavorId; readonly description?: Description },
): Promise<void> {
  const retired = sql`update flavor set state = 'retired' where lineage = ${next.lineage} and state = 'living'`.execute();
  const made = sql`
    insert into flavor (id, lineage, parent, generation, terms, state, description, total, created_at)
    select ${next.id}, l.id, f.id, coalesce(f.generation, 0) + 1, l.terms, 'living',
      coalesce(${next.description === undefined ? null : json(sql, next.description)}::jsonb, l.description, f.description),
      array[l.total[1] - l.sold[1], l.total[2] - l.sold[2], l.total[3] - l.sold[3], l.total[4] - l.sold[4],
        l.total[5] - l.sold[5]], clock_now()
    from lineage l left join lateral (select * from flavor where lineage = l.id order by generation desc limit 1) f on true
    where l.id = ${next.lineage}`.execute();
  await Promise.all([retired, made]);
}

/** What can be bought now, by lineage: after one of them, so many, or a few more. */
async function listings(
  sql: Db,
  { limit = Number.POSITIVE_INFINITY, after = '' }: { readonly limit?: number; readonly after?: string } = {},
): Promise<readonly { readonly lineage: string; readonly flavor: Flavor }[]> {
  const found: { lineage: string; flavor: Flavor }[] = [];
  for (let last: string | undefined = after; last !== undefined && found.length < limit; ) {
    const rows: readonly (FlavorRow & { free: Amounts })[] = await sql`
      select f.*, s.free from flavor f join stock s using (lineage) where f.state = 'living' and f.lineage > ${last} order by f.lineage limit ${PAGE}`;
    for (const row of rows) {
      const flavor = listedOf(row);
      if (isListed(row, flavor)) found.push({ lineage: row.lineage, flavor });
    }
    last = rows.length === PAGE ? rows.at(-1)?.lineage : undefined;
  }
  return found;
}

/** What is on sale: the part of `Inventory` that lists. */
export const flavors = (
  pool: Pool,
  newId: NewFlavorId,
): Pick<Inventory, 'publish' | 'withdraw' | 'list' | 'page' | 'onSale' | 'serves'> => ({
  async publish(flavor: Flavor, terms?: string, instances?: number) {
    const described = description(flavor);
    const lineage = flavor.id;
    const key = terms ?? null;
    // Where terms are named, amounts change without a new flavor: whatever is made of the lineage next is made of this.
    const latest = terms === undefined ? null : json(pool, described);
    await pool.begin(async (sql) => {
      const wanted = toAmounts(counted(flavor, instances));
      const first = await sql`
        insert into lineage (id, on_sale, terms, terms_key, description, wanted, total)
        values (${lineage}, true, 1, ${key}, ${latest}::jsonb, ${wanted}, ${wanted}) on conflict do nothing`;
      if (first.count > 0) {
        const [taken] = await sql`select lineage from flavor where id = ${lineage}`;
        if (taken) throw new Fault('CONFIGURATION_INVALID', 'this is the id of a flavor that came out of another one', { flavor: lineage });
        return await renew(sql, { lineage, id: flavor.id, description: described });
      }
      const [ledger] = await sql<{ on_sale: boolean; same_key: boolean; same_amounts: boolean }[]>`
        select on_sale, terms_key is not distinct from ${key} as same_key, wanted = w and total = ${orPromised(sql, 'w', 'held', 'sold')} as same_amounts
        from lineage, (values (${wanted}::numeric[])) as configured (w) where id = ${lineage} for update of lineage`;
      const [last] = await sql<{ same: boolean; serves: boolean }[]>`
        select description = ${json(sql, described)}::jsonb as same, state = 'living' and terms = (select terms from lineage where id = ${lineage}) as serves
        from flavor where lineage = ${lineage} order by generation desc limit 1`;
      const same = ledger?.same_key === true && (terms !== undefined || last?.same === true);
      if (ledger?.on_sale && same && ledger.same_amounts && last?.serves) return;
      await sql`select sweep(${lineage})`;
      const [moved] = await sql<{ fits: boolean }[]>`
        update lineage l set on_sale = true, terms = terms + ${same ? 0 : 1}, terms_key = ${key}, description = ${latest}::jsonb, wanted = ${wanted},
          total = ${orPromised(sql, 'w', 'held', 'sold')}, version = pg_current_xact_id()::text::bigint
        from (values (${wanted}::numeric[])) as configured (w) where id = ${lineage}
        returning exists (select from flavor f where f.lineage = l.id and f.state = 'living' and f.terms = l.terms and l.total[1] - l.sold[1] <= f.total[1]
          and l.total[2] - l.sold[2] <= f.total[2] and l.total[3] - l.sold[3] <= f.total[3] and l.total[4] - l.sold[4] <= f.total[4]
          and l.total[5] - l.sold[5] <= f.total[5]) as fits`;
      // Less than the flavor was made of is listed under its id, as when others hold some of it; for more a new one is made.
      if (same && terms !== undefined && moved?.fits) return;
      await renew(sql, { lineage, id: newId(flavor.owner.domain, flavor.offer.kind), description: described });
    });
  },
  async serves(flavor) {
    const [row] =
      await pool`select l.id from flavor f join lineage l on l.id = f.lineage where f.id = ${flavor} and l.on_sale and l.terms = f.terms`;
    return row !== undefined;
  },
  async withdraw(flavor) {
    await pool.begin(async (sql) => {
      const [row] = await sql<{ id: string }[]>`
        select id from lineage where id = (select lineage from flavor where id = ${flavor}) and on_sale for update`;
      if (!row) return;
      await sql`update lineage set on_sale = false, version = pg_current_xact_id()::text::bigint where id = ${row.id}`;
      await sql`update flavor set state = 'withdrawn' where lineage = ${row.id} and state = 'living'`;
    });
  },
  async list() {
    return (await listings(pool)).map(({ flavor }) => flavor);
  },
  async page({ limit, after }) {
    const found = await listings(pool, { limit: limit + 1, ...(after && { after: after[0] }) });
    return pageOf(found, limit, { item: ({ flavor }) => flavor, place: ({ lineage }): ByName => [lineage] });
  },
  async onSale(made = {}) {
    const rows = pool<FlavorRow[]>`select * from flavor f where state = 'living' and ${isMade(pool, made)} order by lineage`.cursor(PAGE);
    const found: Flavor[] = [];
    for await (const page of rows) found.push(...page.map(flavorOf));
    return found;
  },
});

/** `<domain>-<kind>-<12 hex>` in what Kubernetes takes for a name. */
export const flavorIdOf = (domain: string, kind: 'k8slice' | BlueprintKind, hex: string): FlavorId =>
  flavorId(
    `${
      domain
        .toLowerCase()
        .replace(/[^a-z0-9.-]/g, '-')
        .replace(/^[-.]+|[-.]+$/g, '') || 'node'
    }-${kind}-${hex}`,
  );
