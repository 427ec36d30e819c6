import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { TEMPLATE, SCHEMA, databaseUrl } from './database.ts';
import { startServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the maintenance database of the test server. */
    readonly postgresUrl: string;
  }
}

/** Databases that tests may have left behind. */
const ours = (sql: postgres.Sql) => sql<{ datname: string }[]>`select datname from pg_database where datname like 'rearguard_test_%'`;

/**
 * One real Postgres for all files (`REARGUARD_TEST_DATABASE_URL`, or one of our own), and a migrated template that each of them clones.
 * The run fails when a file left a database or a connection behind.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['REARGUARD_TEST_DATABASE_URL'];
  const server = given === undefined ? await startServer() : { url: given, stop: async () => {} };
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  const dropOurs = async () => {
    const left = (await ours(sql)).map(({ datname }) => datname);
    for (const name of left) await sql`drop database ${sql(name)} with (force)`;
    return left;
  };
  try {
    await dropOurs();
    await sql`create database ${sql(TEMPLATE)}`;
    const store = await openStore({ url: databaseUrl(server.url, TEMPLATE), schema: SCHEMA, maxConnections: 1 });
    await store.close();
  } catch (error) {
    await sql.end();
    await server.stop();
    throw error;
  }
  project.provide('postgresUrl', server.url);
  return async () => {
    const connections = await sql<{ datname: string; query: string }[]>`
      select datname, query from pg_stat_activity where datname like 'rearguard_test_%'`;
    const left = (await dropOurs()).filter((name) => name !== TEMPLATE);
    await sql.end();
    await server.stop();
    if (left.length > 0 || connections.length > 0)
      throw new Error(`tests left behind: databases [${left.join(', ')}], connections ${JSON.stringify(connections)}`);
  };
}
