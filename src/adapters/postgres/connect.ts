import postgres from 'postgres';
import { Fault, isFault } from '../../domain/faults.ts';

/** What repositories ask: the pool, or a transaction of it. */
export type Db = postgres.ISql;
export type Pool = postgres.Sql;

/** Told what went wrong, in words for an operator; nothing of it reaches a caller. */
export type StoreLog = (message: string, facts: Readonly<Record<string, string | number | undefined>>) => void;

/** A statement that takes longer waits for something that will not come: the caller is told to try again. */
const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_S = 10;

/** Opens a pool whose every connection lives in one schema; nothing is connected before the first query. */
export const connect = (options: { readonly url: string; readonly schema: string; readonly maxConnections: number }): Pool =>
  postgres(options.url, {
    max: options.maxConnections,
    connect_timeout: CONNECT_TIMEOUT_S,
    // Arrays are read and written as text, in amounts.ts: asking the catalog for array types would cost each connection a round trip.
    fetch_types: false,
    onnotice: () => {},
    connection: { search_path: `"${options.schema}"`, application_name: 'rearguard', statement_timeout: STATEMENT_TIMEOUT_MS },
  });

/** Connection lost (08), not enough of something (53), operator's doing (57), deadlock or serialisation (40): the same call may succeed later. */
const PASSING = /^(08|53|57|40)...$/;
/** What the library and the operating system say of a connection. */
const CONNECTION = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT)/;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** What a caller may see of a failure: a Fault as it is, trouble with the connection as STORE_UNAVAILABLE, a bug in words without values. */
export function translate(error: unknown, log: StoreLog): Error {
  if (isFault(error)) return error;
  const code = codeOf(error);
  const words = error instanceof Error ? error.message : String(error);
  if (PASSING.test(code) || CONNECTION.test(code)) {
    log('the store does not answer', { code, words });
    return new Fault('STORE_UNAVAILABLE', 'the database does not answer', { code });
  }
  if (!(error instanceof postgres.PostgresError)) return error instanceof Error ? error : new Error(words);
  log('a statement failed', { code, words, constraint: error.constraint_name, routine: error.routine });
  return new Error(`statement failed with ${code}${error.constraint_name === undefined ? '' : ` on ${error.constraint_name}`}`);
}

type Call = (...input: never[]) => Promise<unknown>;

/** The same repository, its failures translated. */
export function guarded<R extends object>(repository: R, log: StoreLog): R {
  const guard =
    (call: Call): Call =>
    async (...input) => {
      try {
        return await call(...input);
      } catch (error) {
        throw translate(error, log);
      }
    };
  return Object.fromEntries(Object.entries(repository).map(([name, call]) => [name, guard(call as Call)])) as R;
}

/** A value as a JSON parameter. */
export const json = (db: Db, value: object): postgres.Parameter => db.json(value as postgres.JSONValue);
