/** What a superuser does to the audit's tables who wants to be believed: triggers off, and the chain computed as we compute it. */
import type postgres from 'postgres';
import { eventColumns, type EventRow } from '../../src/adapters/postgres/events.ts';
import { GENESIS_HASH, linkHash } from '../../src/adapters/postgres/links.ts';

export type Tamper = (sql: postgres.TransactionSql) => Promise<unknown>;

export const tampering = (sql: postgres.Sql, tamper: Tamper) =>
  sql.begin(async (inner) => {
    await inner`set local session_replication_role = replica`;
    await tamper(inner);
  });

/** Every seal anew, over the events as they are now. */
export const recompute: Tamper = async (sql) => {
  const rows = await sql<
    EventRow[]
  >`select ${eventColumns(sql)} from seal s join event e on e.id = s.event where s.seq is not null order by s.seq`;
  await sql`delete from seal where seq is not null`;
  let hash: Uint8Array = GENESIS_HASH;
  for (const [n, row] of rows.entries()) {
    hash = linkHash(hash, n + 1, row);
    await sql`insert into seal (event, seq, hash) values (${row.id}, ${n + 1}, ${Buffer.from(hash)})`;
  }
};
