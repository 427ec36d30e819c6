import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { openStore, type Store } from '../../src/adapters/postgres/open.ts';

/** The migrated database that every test file's own is cloned from. */
export const TEMPLATE = 'rearguard_test_template';
export const SCHEMA = 'node';

export const databaseUrl = (server: string, database: string): string => {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
};

/** A database of one test file's own. */
export interface TestDatabase {
  readonly url: string;
  readonly store: Store;
  /** For looking behind the store's back. */
  readonly sql: postgres.Sql;
  /** Stops the store's clock at a time (RFC 3339), for every connection. */
  setClock(at: string): Promise<void>;
  /** Empties every table. */
  clear(): Promise<void>;
  /** Closes and drops it; fails when somebody else is still connected. */
  drop(): Promise<void>;
}

/** Clones the template. Clones are made one at a time: Postgres refuses a template that somebody else uses. */
export async function cloneDatabase(server: string, options: { readonly maxConnections?: number } = {}): Promise<TestDatabase> {
  const name = `rearguard_test_${randomBytes(6).toString('hex')}`;
  const admin = postgres(server, { max: 1, onnotice: () => {} });
  await admin.begin(async (sql) => await sql`select pg_advisory_lock(hashtext('rearguard test template'))`);
  await admin`create database ${admin(name)} template ${admin(TEMPLATE)}`;
  await admin`select pg_advisory_unlock_all()`;
  const url = databaseUrl(server, name);
  const store = await openStore({ url, schema: SCHEMA, maxConnections: options.maxConnections ?? 8 });
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { search_path: SCHEMA } });
  return {
    url,
    store,
    sql,
    async setClock(at) {
      const literal = new Date(at).toISOString();
      await sql.unsafe(
        `create or replace function clock_now() returns timestamptz language sql stable as 'select ''${literal}''::timestamptz'`,
      );
    },
    async clear() {
      const tables = await sql<{ tablename: string }[]>`
        select tablename from pg_tables where schemaname = ${SCHEMA} and tablename <> 'migration'`;
      await sql`truncate ${sql(tables.map(({ tablename }) => tablename))}`;
    },
    async drop() {
      await store.close();
      await sql.end();
      try {
        await admin`drop database ${admin(name)}`;
      } finally {
        await admin.end();
      }
    },
  };
}
