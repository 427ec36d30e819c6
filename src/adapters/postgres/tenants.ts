import type { Tenants } from '../../ports/tenants.ts';
import type { Pool } from './connect.ts';

export const tenants = (pool: Pool): Tenants => ({
  async built(buyer) {
    await pool`insert into tenant values (${buyer}) on conflict do nothing`;
  },
  async stands(buyer) {
    // The lock waits for a `close` under way: a plain read would still see what it is about to take away.
    const rows = await pool`select from tenant where buyer = ${buyer} for share`;
    return rows.count > 0;
  },
  async close(buyer) {
    return await pool.begin(async (sql) => {
      // Locked by a statement of its own: the next one then sees every sale that was told that the tenant stands.
      const row = await sql`select from tenant where buyer = ${buyer} for update`;
      if (row.count === 0) return true;
      const closed = await sql`
        delete from tenant where buyer = ${buyer}
          and not exists (select from contract where role = 'seller' and state = 'active' and terms ->> 'buyerCluster' = ${buyer}
            and terms -> 'service' is null)`;
      return closed.count > 0;
    });
  },
});
