import type { Blueprint } from '../../domain/blueprint.ts';
import { flavorId } from '../../domain/ids.ts';
import type { KeptBlueprints, ReadBlueprint } from '../../ports/blueprints.ts';
import { json, type Pool } from './connect.ts';

export const keptBlueprints = (pool: Pool): KeptBlueprints => ({
  async keep({ flavor, terms, blueprint }) {
    await pool.begin(async (sql) => {
      // The number that publishing under these terms gives, or has given: nothing is listed a moment before it can be made.
      await sql`
        insert into kept_blueprint (lineage, terms, blueprint)
        values (${flavor}, coalesce((select terms + case when terms_key = ${terms} then 0 else 1 end from lineage where id = ${flavor}), 1),
          ${json(sql, blueprint)})
        on conflict (lineage, terms) do update set blueprint = excluded.blueprint`;
      await sql`
        delete from kept_blueprint b using lineage l
        where b.lineage = ${flavor} and l.id = b.lineage and b.terms < l.terms and not exists (
          select from hold h join flavor f on f.id = h.flavor left join contract c on c.transaction = h.transaction and c.role = 'seller'
          where h.lineage = b.lineage and f.terms = b.terms and (h.state = 'held' or (h.state = 'sold' and c.state <> 'over')))`;
    });
  },
  async of(flavor) {
    const [row] = await pool<{ blueprint: Blueprint }[]>`
      select blueprint from flavor f join kept_blueprint b using (lineage, terms) where f.id = ${flavor}`;
    return row?.blueprint;
  },
  async noteRead(read) {
    await pool.begin(async (sql) => {
      await sql`delete from read_blueprint`;
      await sql`
        insert into read_blueprint (resource, read) select each ->> 'resource', each from jsonb_array_elements(${json(sql, read)}) as each
        on conflict (resource) do update set read = excluded.read`;
    });
  },
  async read() {
    return (await pool<{ read: ReadBlueprint }[]>`select read from read_blueprint`).map(({ read }) => read);
  },
  async flavors() {
    return (await pool<{ lineage: string }[]>`select distinct lineage from kept_blueprint`).map(({ lineage }) => flavorId(lineage));
  },
});
