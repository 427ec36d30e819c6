import type { TestProject } from 'vitest/node';
import { startDatabases, type Databases } from './database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly databases: Databases;
  }
}

/** One real Postgres for all files; the run fails when one of them left a database or a connection behind. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { databases, stop } = await startDatabases();
  project.provide('databases', databases);
  return stop;
}
