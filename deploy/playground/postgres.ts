import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { type Guardian, minimalEnv } from './guardian-client.ts';
import { moveFolder } from './move-folder.ts';
import { findPostgres, reachable, userForPostgres } from './postgres-binaries.ts';
import { alone } from './state.ts';
import { waitFor } from './wait.ts';

export interface PostgresOptions {
  readonly stateDir?: string;
  readonly progress?: (line: string) => void;
  /** Waits for the disk at each commit, as in production; off by default, since a playground only has to survive a killed process. */
  readonly durable?: boolean;
}

export interface RunningPostgres {
  readonly url: string;
}

const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200', 'logging_collector=off'];
const FAST = ['fsync=off', 'full_page_writes=off'];

/**
 * Where binaries and data lie: in the state folder, unless Postgres runs as another user who cannot get there (a project under /root). Then in a folder of
 * the system's for temporary files, whose name derives from the state folder; at the end the data is saved in the state folder and that one removed.
 */
async function placeFor(guardian: Guardian, progress: (line: string) => void): Promise<{ bin: string; data: string }> {
  const user = userForPostgres();
  const home = path.join(guardian.stateDir, 'postgres');
  fs.mkdirSync(home, { recursive: true, mode: 0o711 });
  let [bin, data] = [findPostgres(), path.join(home, 'data')];
  const elsewhere = path.join(
    os.tmpdir(),
    `rearguard-postgres-${createHash('sha256').update(guardian.stateDir).digest('hex').slice(0, 12)}`,
  );
  const prepare = (): void => {
    fs.mkdirSync(elsewhere, { recursive: true });
    fs.chmodSync(elsewhere, 0o711);
  };
  if (!reachable(bin, user)) {
    progress(`Postgres: ${bin} is closed to the user it runs as, so it runs from ${elsewhere}`);
    prepare();
    const copy = path.join(elsewhere, 'native');
    fs.rmSync(copy, { recursive: true, force: true });
    fs.cpSync(path.dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
    for (const program of ['initdb', 'postgres']) fs.chmodSync(path.join(copy, 'bin', program), 0o755);
    await guardian.tidy(copy);
    bin = path.join(copy, 'bin');
  }
  if (!reachable(home, user)) {
    prepare();
    const moved = path.join(elsewhere, 'data');
    if (!fs.existsSync(moved) && fs.existsSync(data)) moveFolder(data, moved);
    await guardian.tidy(moved, data);
    data = moved;
  }
  if (fs.existsSync(elsewhere)) await guardian.tidy(elsewhere);
  return { bin, data };
}

function giveTo(dir: string, uid: number, gid: number): void {
  fs.chownSync(dir, uid, gid);
  for (const entry of fs.readdirSync(dir, { recursive: true, encoding: 'utf8' })) fs.lchownSync(path.join(dir, entry), uid, gid);
}

/** The superuser's password: other users of the machine can reach the port too. */
function passwordOf(home: string): string {
  const file = path.join(home, 'password');
  if (!fs.existsSync(file)) fs.writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return fs.readFileSync(file, 'utf8');
}

/** Starts Postgres under a guardian that exists, on the data that the state folder has. */
export async function runPostgres(
  guardian: Guardian,
  { progress = () => undefined, durable = false }: PostgresOptions,
): Promise<RunningPostgres> {
  const user = userForPostgres();
  const { bin, data } = await placeFor(guardian, progress);
  const password = passwordOf(path.join(guardian.stateDir, 'postgres'));
  const common = { env: { ...minimalEnv(path.dirname(data)), LC_ALL: 'C', TMPDIR: os.tmpdir() }, cwd: '/', ...user };
  if (!fs.existsSync(path.join(data, 'PG_VERSION'))) {
    fs.mkdirSync(data, { recursive: true, mode: 0o700 });
    const secret = path.join(data, '..', `initdb-${randomBytes(6).toString('hex')}`);
    fs.writeFileSync(secret, password, { mode: 0o600 });
    if (user) {
      giveTo(data, user.uid, user.gid);
      fs.chownSync(secret, user.uid, user.gid);
    }
    try {
      const args = [
        `--pgdata=${data}`,
        '--username=postgres',
        `--pwfile=${secret}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
      ];
      await guardian.run({
        key: 'initdb',
        command: path.join(bin, 'initdb'),
        args,
        log: path.join(guardian.stateDir, 'logs/initdb.log'),
        ...common,
      });
    } finally {
      fs.rmSync(secret);
    }
  } else if (user) giveTo(data, user.uid, user.gid);
  fs.rmSync(path.join(data, 'postmaster.pid'), { force: true }); // of one that was killed; a living one would hold this folder's guardian
  const port = (await guardian.claim('postgres')) + 1;
  const settings = [...SETTINGS, `port=${port}`, ...(durable ? [] : FAST)].flatMap((setting) => ['-c', setting]);
  const log = path.join(guardian.stateDir, 'logs/postgres.log');
  await guardian.start({
    key: 'postgres',
    command: path.join(bin, 'postgres'),
    args: ['-D', data, ...settings],
    log,
    stop: 'SIGINT',
    ...common,
  });
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  await waitFor(
    `Postgres (see ${log})`,
    30,
    async () => {
      const sql = postgres(url, { max: 1, onnotice: () => undefined });
      try {
        return (await sql`select 1`).length;
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
    () => guardian.ended('postgres'),
  );
  return { url };
}

/** Postgres alone, for tests of the store; it ends with this process at the latest. @internal */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres & { stop(): Promise<void> }> {
  return await alone(options.stateDir, (guardian) => runPostgres(guardian, options));
}
