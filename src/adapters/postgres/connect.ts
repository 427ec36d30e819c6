import net from 'node:net';
import postgres from 'postgres';
import { Fault, isFault } from '../../domain/faults.ts';

/** What repositories ask: the pool, or a transaction of it. */
export type Db = postgres.ISql;
export type Pool = postgres.Sql;

/** Told what went wrong, in words for an operator; nothing of it reaches a caller. */
export type StoreLog = (message: string, facts: Readonly<Record<string, string | number | undefined>>) => void;

/** A statement that takes longer waits for something that will not come: the caller is told to try again. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** When even that end is not heard, the way to the server is gone without a sign. */
const CALL_TIMEOUT_MS = 35_000;
const CONNECT_TIMEOUT_S = 10;

/** Opens a pool whose every connection lives in one schema; nothing is connected before the first query. */
export function connect(options: { readonly url: string; readonly schema: string; readonly maxConnections: number }): Pool {
  const settings: postgres.Options<Record<string, never>> & { socket: (to: Target) => net.Socket } = {
    max: options.maxConnections,
    connect_timeout: CONNECT_TIMEOUT_S,
    // Arrays are read and written as text, in amounts.ts: asking the catalog for array types would cost each connection a round trip.
    fetch_types: false,
    onnotice: () => {},
    connection: { search_path: `"${options.schema}"`, application_name: 'rearguard', statement_timeout: STATEMENT_TIMEOUT_MS },
    socket: socketFactory(),
  };
  return postgres(options.url, settings);
}

/** What postgres.js hands to its `socket` option (in its README, not in its types). */
interface Target {
  readonly host: readonly string[];
  readonly port: readonly number[];
  readonly path?: string | false;
}

/**
 * Makes the pool's sockets, because postgres.js 3.4.9 tries for ever, without a pause, when a connection is accepted and closed before the server said
 * a word: what a load balancer does whose server is away. The try after such a one gets a dead socket, so that the query fails instead.
 */
function socketFactory(): (to: Target) => net.Socket {
  let stillborn = 0;
  let turn = 0;
  return ({ host, port, path }) => {
    if (stillborn > 0) {
      stillborn -= 1;
      return new net.Socket();
    }
    const n = turn++ % host.length;
    const socket = path ? net.connect(path) : net.connect(port[n] ?? 5432, host[n]);
    let failed = false;
    socket.once('error', () => {
      failed = true;
    });
    socket.once('close', () => {
      if (!failed && socket.bytesRead === 0) stillborn += 1;
    });
    // Where postgres.js looks for the name that the server's certificate has to bear.
    return Object.assign(socket, { host: host[n] });
  };
}

/** Connection lost (08), not enough of something (53), operator's doing (57), deadlock or serialisation (40): the same call may succeed later. */
const PASSING = /^(08|53|57|40)...$/;
/** What the library and the operating system say of a connection. */
const CONNECTION = /^(CONNECTION_|CONNECT_TIMEOUT|ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOENT|ERR_SOCKET)/;

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
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Fault('STORE_UNAVAILABLE', 'the database does not answer', { code: 'TIMEOUT' })),
          CALL_TIMEOUT_MS,
        );
      });
      try {
        return await Promise.race([call(...input), late]);
      } catch (error) {
        throw translate(error, log);
      } finally {
        clearTimeout(timer);
      }
    };
  return Object.fromEntries(Object.entries(repository).map(([name, call]) => [name, guard(call as Call)])) as R;
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** What jsonb takes of a text: no NUL, no half of a surrogate pair. Peers and users write them, and a row that is refused for ever would stop its process for ever. */
export const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').replace(LONE_SURROGATE, '\ufffd');

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storable(key), storableValue(member)]));
}

/** A value as a JSON parameter. */
export const json = (db: Db, value: object): postgres.Parameter => db.json(storableValue(value) as postgres.JSONValue);
