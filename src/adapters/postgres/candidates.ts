import type { Candidate } from '../../domain/candidate.ts';
import type { Candidates } from '../../ports/records.ts';
import { json, type Pool } from './connect.ts';

interface CandidateRow {
  readonly candidate: Candidate;
  readonly seen_at: Date;
}

export const candidates = (pool: Pool): Candidates => ({
  async replace(node, offered) {
    await pool.begin(async (sql) => {
      // Sent together they cost one round trip; a connection runs them in this order.
      await Promise.all([
        sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || '.peering_candidate.' || ${node}::text, 0))`.execute(),
        // Whoever removes the node meanwhile waits, and finds these rows.
        sql`select from known_node where address = ${node} for key share`.execute(),
        sql`delete from peering_candidate where node = ${node}`.execute(),
        sql`
          insert into peering_candidate (node, flavor_id, candidate, seen_at)
          select ${node}, candidate -> 'flavor' ->> 'id', candidate, clock_now() from jsonb_array_elements(${json(sql, offered)}) as candidate
          where exists (select from known_node where address = ${node})
          on conflict do nothing`.execute(),
      ]);
    });
  },
  async list({ limit } = {}) {
    const rows = await pool<CandidateRow[]>`
      select candidate, seen_at from peering_candidate order by node, flavor_id limit ${limit ?? null}`;
    return rows.map((row) => ({ ...row.candidate, seenAt: row.seen_at.toISOString() }));
  },
});
