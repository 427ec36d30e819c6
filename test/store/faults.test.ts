import net from 'node:net';
import { once } from 'node:events';
import postgres from 'postgres';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { openStore, type Store } from '../../src/adapters/postgres/open.ts';
import { buyerOf, flavorOf, newTransaction, ONE } from '../contracts/samples.ts';
import { cloneDatabase, SCHEMA } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const A = flavorOf('000a');
const UNAVAILABLE = { name: 'Fault', code: 'STORE_UNAVAILABLE' };

/** A way to the database that can be cut. */
async function cable(): Promise<{ readonly url: string; cut(): void; end(): Promise<void> }> {
  const target = new URL(db.url);
  const sockets = new Set<net.Socket>();
  let open = true;
  const server = net.createServer((from) => {
    if (!open) return void from.destroy();
    const to = net.connect(Number(target.port), target.hostname);
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    from.pipe(to).pipe(from);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const url = new URL(db.url);
  url.port = String(typeof address === 'object' ? address?.port : '');
  const drop = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.href,
    cut() {
      open = !open;
      drop();
    },
    async end() {
      drop();
      server.close();
      await once(server, 'close');
    },
  };
}

const state = (store: Store): Promise<string> =>
  store.ready().then(
    () => 'ready',
    () => 'away',
  );

describe('a database that does not answer', () => {
  it('is a passing fault at the start', async () => {
    const nobody = new URL(db.url);
    nobody.port = '1';
    await expect(openStore({ url: nobody.href, schema: SCHEMA, maxConnections: 1 })).rejects.toMatchObject(UNAVAILABLE);
  });

  it('is a passing fault of every call, and all goes on when it is back', async () => {
    const way = await cable();
    const said: string[] = [];
    const store = await openStore({ url: way.url, schema: SCHEMA, maxConnections: 2, log: (message) => said.push(message) });
    try {
      await store.inventory.publish(A);
      way.cut();
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.inventory.list(),
        () => store.inventory.reserve({ flavor: A.id, buyer: buyerOf('alice'), part: ONE, transaction: newTransaction(), ttlMs: 1000 }),
        () => store.contracts.list(),
        () => store.intents.page({ limit: 1 }),
        () => store.candidates.replace('n', []),
        () => store.knownNodes.list(),
        () => store.ready(),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject(UNAVAILABLE);
      expect(said).toContain('the store does not answer');
      way.cut();
      await expect.poll(() => state(store), { timeout: 10_000 }).toBe('ready');
      expect(await store.inventory.list()).toHaveLength(1);
    } finally {
      await store.close();
      await way.end();
    }
  });

  it('is a passing fault when its operator ends a connection in the middle of a call', async () => {
    const store = await openStore({ url: db.url, schema: SCHEMA, maxConnections: 1 });
    const blocker = postgres(db.url, { max: 1, connection: { search_path: SCHEMA } });
    try {
      await store.inventory.publish(A);
      await blocker.begin(async (sql) => {
        await sql`select from lineage for update`;
        const waiting = expect(
          store.inventory.reserve({ flavor: A.id, buyer: buyerOf('bob'), part: ONE, transaction: newTransaction(), ttlMs: 1000 }),
        ).rejects.toMatchObject(UNAVAILABLE);
        const others = () => db.sql<{ pid: number }[]>`
          select pid from pg_stat_activity where datname = current_database() and application_name = 'rearguard' and wait_event_type = 'Lock'`;
        await expect.poll(async () => (await others()).length, { timeout: 10_000 }).toBe(1);
        for (const { pid } of await others()) await db.sql`select pg_terminate_backend(${pid})`;
        await waiting;
      });
      await expect.poll(() => state(store), { timeout: 10_000 }).toBe('ready');
    } finally {
      await blocker.end();
      await store.close();
    }
  });
});

it('tells a bug in words without values, and logs them', async () => {
  const said: unknown[] = [];
  const store = await openStore({
    url: db.url,
    schema: SCHEMA,
    maxConnections: 1,
    log: (message, facts) => said.push({ message, ...facts }),
  });
  try {
    await db.sql`alter table known_node add constraint no_secrets check (address <> 'secret:1')`;
    const failure: unknown = await store.knownNodes.add('secret:1', 'operator').catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Error', message: 'statement failed with 23514 on no_secrets' });
    expect(failure).not.toHaveProperty('cause');
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('secret:1');
    expect(said).toMatchObject([{ message: 'a statement failed', code: '23514' }]);
  } finally {
    await db.sql`alter table known_node drop constraint no_secrets`;
    await store.close();
  }
});
