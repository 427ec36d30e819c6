import type { Candidate } from '../../domain/candidate.ts';
import { type ByNames, pageOf } from '../../domain/pages.ts';
import type { Candidates, SeenCandidate } from '../../ports/records.ts';
import { json, type Pool } from './connect.ts';

interface CandidateRow {
  readonly node: string;
  readonly flavor_id: string;
  readonly candidate: Candidate;
  readonly seen_at: Date;
}

const seen = (row: CandidateRow): SeenCandidate => ({ ...row.candidate, seenAt: row.seen_at.toISOString() });

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
  async list() {
    return (await pool<CandidateRow[]>`select * from peering_candidate order by node, flavor_id`).map(seen);
  },
  async page({ limit, after }) {
    const rows = await pool<CandidateRow[]>`
      select * from peering_candidate where ${after === undefined ? pool`true` : pool`(node, flavor_id) > (${after[0]}, ${after[1]})`}
      order by node, flavor_id limit ${limit + 1}`;
    return pageOf(rows, limit, { item: seen, place: ({ node, flavor_id: flavor }): ByNames => [node, flavor] });
  },
});
