import { type AuditEvent, type AuditKind, openTallies } from '../../domain/audit.ts';
import { contractId } from '../../domain/ids.ts';
import { pageOf } from '../../domain/pages.ts';
import type { Audit } from '../../ports/audit.ts';
import { type Db, json, type Pool, type StoreLog, storable, translate } from './connect.ts';
import { exactly, moment } from './places.ts';

export interface EventRow {
  /** `bigint`s are read as text. */
  readonly id: string;
  readonly at: string;
  readonly kind: AuditKind;
  readonly contract: string | null;
  readonly peer: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What is read of an event. */
export const eventColumns = (sql: Db) => sql`e.id, ${exactly(sql, 'e.at')} as at, e.kind, e.contract, e.peer, e.facts`;

export const base64url = (hash: Uint8Array): string => Buffer.from(hash).toString('base64url');

/** Strangers may be called as they like. */
const LONGEST = 253;
const short = (text: string): string => storable(text.slice(0, LONGEST));

/** What happened, newest first, and the one way to write of what has no row of its own. */
export function events(pool: Pool, log: StoreLog): Audit {
  const tally = openTallies(() => Date.now());
  const record: Audit['record'] = async ({ kind, contract, peer, facts }) => {
    await pool`
      insert into event (at, kind, contract, peer, facts)
      values (clock_now(), ${kind}, ${contract ?? null}, ${peer === undefined ? null : short(peer)}, ${json(pool, facts)})`;
  };
  return {
    record,
    async turned({ begins = false, ...facts }) {
      await pool.begin(async (sql) => {
        // One process after the other: each looks at what those before it wrote.
        await sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || '.enforcement', 0))`;
        await sql`
          with last as (select facts -> 'sells' as sells from event where kind = 'enforcement' order by id desc limit 1)
          insert into event (at, kind, facts) select clock_now(), 'enforcement', ${json(sql, facts)}
          where (select sells from last) is distinct from to_jsonb(${facts.sells}::boolean) and (not ${begins}::boolean or exists (select from last))`;
      });
    },
    async tally({ kind, peer, code, detail, contract }) {
      const due = tally({
        kind,
        peer: short(peer),
        code,
        ...(contract && { contract }),
        ...(detail !== undefined && { detail: short(detail) }),
      });
      if (!due) return;
      const facts = { code, count: due.count, ...(detail !== undefined && { detail: detail.slice(0, 500) }) };
      try {
        await record({ kind, peer: due.peer, facts, ...(contract !== undefined && { contract }) });
      } catch (error) {
        translate(error, log);
      }
    },
    async page({ contract, since, after, limit }) {
      const rows = await pool<(EventRow & { readonly seq: string | null; readonly hash: Uint8Array | null })[]>`
        select ${eventColumns(pool)}, s.seq, s.hash from event e left join seal s on s.event = e.id
        where true ${contract === undefined ? pool`` : pool`and e.contract = ${contract}`}
          ${since === undefined ? pool`` : pool`and e.at >= ${since}::timestamptz`}
          ${after === undefined ? pool`` : pool`and (e.at, e.id) < (${moment(pool, after[0])}, ${after[1]}::bigint)`}
        order by e.at desc, e.id desc limit ${limit + 1}`;
      return pageOf(rows, limit, {
        item: ({ id, at, kind, contract: of, peer, facts, seq, hash }): AuditEvent => ({
          id: Number(id),
          at,
          kind,
          ...(of !== null && { contract: contractId(of) }),
          ...(peer !== null && { peer }),
          facts,
          ...(seq !== null && hash !== null && { seal: { seq: Number(seq), hash: base64url(hash) } }),
        }),
        place: ({ at, id }) => [at, Number(id)] as const,
      });
    },
  };
}
