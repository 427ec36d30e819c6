import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { startPostgres } from '../../deploy/playground/postgres.ts';
import { openStore, type Store } from '../../src/adapters/postgres/open.ts';

export const SCHEMA = 'node';

/** A server, and the prefix of every database that a run makes on it. */
export interface Databases {
  /** Of the maintenance database. */
  readonly url: string;
  readonly prefix: string;
}

const templateOf = ({ prefix }: Databases): string => `${prefix}_template`;

const urlOf = ({ url }: Databases, database: string): string => {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
};

const adminOf = ({ url }: Databases): postgres.Sql => postgres(url, { max: 1, onnotice: () => {} });

/**
 * Starts a real Postgres (or takes the one that `REARGUARD_TEST_DATABASE_URL` names) with a migrated template that each test file clones.
 * `stop` fails when databases or connections of this run are left.
 */
export async function startDatabases({ durable = false }: { readonly durable?: boolean } = {}): Promise<{
  readonly databases: Databases;
  stop(): Promise<void>;
}> {
  const given = process.env['REARGUARD_TEST_DATABASE_URL'];
  const server = given === undefined ? await startPostgres({ durable }) : { url: given, stop: async () => {} };
  const databases = { url: server.url, prefix: `rearguard_test_${randomBytes(4).toString('hex')}` };
  const sql = adminOf(databases);
  const template = templateOf(databases);
  const stop = async () => {
    const connections = await sql`select datname, query from pg_stat_activity where starts_with(datname, ${databases.prefix})`;
    const left = await sql<{ datname: string }[]>`select datname from pg_database where starts_with(datname, ${databases.prefix})`;
    for (const { datname } of left) await sql`drop database ${sql(datname)} with (force)`;
    await sql.end();
    await server.stop();
    const forgotten = left.filter(({ datname }) => datname !== template);
    if (forgotten.length > 0 || connections.length > 0)
      throw new Error(`tests left behind: databases ${JSON.stringify(forgotten)}, connections ${JSON.stringify(connections)}`);
  };
  try {
    await sql`create database ${sql(template)}`;
    const store = await openStore({ url: urlOf(databases, template), schema: SCHEMA, maxConnections: 1 });
    await store.close();
  } catch (error) {
    await stop();
    throw error;
  }
  return { databases, stop };
}

/** A database of one test file's own. */
export interface TestDatabase {
  readonly url: string;
  readonly store: Store;
  /** For looking behind the store's back. */
  readonly sql: postgres.Sql;
  /** Stops the store's clock at a time (ms since the epoch), for every connection. */
  setClock(at: number): Promise<void>;
  /** Empties every table. */
  clear(): Promise<void>;
  /** Closes and drops it; fails when somebody else is still connected. */
  drop(): Promise<void>;
}

/** Clones the template. One at a time: Postgres refuses a template that somebody else uses. */
export async function cloneDatabase(databases: Databases, options: { readonly maxConnections?: number } = {}): Promise<TestDatabase> {
  const name = `${databases.prefix}_${randomBytes(4).toString('hex')}`;
  const admin = adminOf(databases);
  await admin`select pg_advisory_lock(hashtext(${databases.prefix}))`;
  await admin`create database ${admin(name)} template ${admin(templateOf(databases))}`;
  await admin`select pg_advisory_unlock_all()`;
  const url = urlOf(databases, name);
  const store = await openStore({ url, schema: SCHEMA, maxConnections: options.maxConnections ?? 8 });
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { search_path: SCHEMA } });
  return {
    url,
    store,
    sql,
    async setClock(at) {
      const time = new Date(at).toISOString();
      await sql.unsafe(
        `create or replace function clock_now() returns timestamptz language sql stable as 'select ''${time}''::timestamptz'`,
      );
    },
    async clear() {
      const tables = await sql<{ tablename: string }[]>`
        select tablename from pg_tables where schemaname = ${SCHEMA} and tablename <> 'migration'`;
      await sql.begin(async (inner) => {
        // The audit refuses it to everybody who does not switch its triggers off.
        await inner`set local session_replication_role = replica`;
        await inner`truncate ${sql(tables.map(({ tablename }) => tablename))}`;
      });
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
