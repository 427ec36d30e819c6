import path from 'node:path';
import Postgrator from 'postgrator';
import { Fault } from '../../domain/faults.ts';
import type { Pool } from './connect.ts';

const MIGRATIONS = path.join(import.meta.dirname, 'migrations');

/**
 * Brings a schema to the newest version, all steps or none. Several processes may start at once: one migrates, the others wait for it.
 * A migration that was changed after it ran stops the start.
 */
export async function migrate(pool: Pool, schema: string): Promise<void> {
  await pool.begin(async (sql) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`rearguard migrations ${schema}`}, 0))`;
    await sql`create schema if not exists ${sql(schema)}`;
    // Postgrator runs files: the one place where text becomes SQL.
    const run = async (text: string): Promise<{ rows: object[] }> => ({ rows: [...(await sql.unsafe(text))] });
    const runner = new Postgrator({
      driver: 'pg',
      schemaTable: `${schema}.migration`,
      migrationPattern: path.join(MIGRATIONS, '*.sql'),
      newline: 'LF',
      execQuery: run,
    });
    await runner.migrate();
  });
}

/** Takes a schema for a node, for good: the first one has it. CONFIGURATION_INVALID for any other, which would trade in its name. */
export async function claim(pool: Pool, schema: string, node: string): Promise<void> {
  await pool`insert into owner (id) values (${node}) on conflict do nothing`;
  const [row] = await pool<{ id: string }[]>`select id from owner`;
  if (row?.id === node) return;
  throw new Fault(
    'CONFIGURATION_INVALID',
    `the schema ${schema} belongs to node ${row?.id}: set database.schema of node ${node} to another name`,
  );
}
