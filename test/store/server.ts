import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** A Postgres server of the tests' own. */
export interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** Postgres refuses root: it runs as the owner of nothing. */
const NOBODY = 65534;
const READY_MS = 20_000;

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Starts the `postgres` of PATH in a folder of its own that goes with it; without `durable` it spares the disk, which no test but a measure can tell. */
export async function startServer({ durable = false }: { readonly durable?: boolean } = {}): Promise<Server> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rearguard-postgres-'));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (user.uid !== undefined) fs.chownSync(folder, NOBODY, NOBODY);
  const data = path.join(folder, 'data');
  execFileSync('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'], { ...user, cwd: folder });
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'max_connections=200', 'max_wal_size=4GB'];
  if (!durable) settings.push('fsync=off', 'full_page_writes=off');
  const server = spawn('postgres', ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])], {
    ...user,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(server, 'exit');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`postgres is not ready after ${READY_MS} ms: ${said}`)), READY_MS);
    const settle = (outcome: () => void) => {
      clearTimeout(deadline);
      outcome();
    };
    server.stderr.on('data', (chunk) => {
      said = (said + String(chunk)).slice(-4000);
      if (said.includes('ready to accept connections')) settle(resolve);
    });
    server.once('exit', () => settle(() => reject(new Error(`postgres ended: ${said}`))));
  });
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      // SIGINT is Postgres' fast shutdown.
      server.kill('SIGINT');
      await exited;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
