import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { openStore, type Store } from '../../src/adapters/postgres/open.ts';
import { buyerOf, flavorOf, newTransaction, ONE } from '../contracts/samples.ts';
import { cloneDatabase, SCHEMA } from './database.ts';

const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());

const FILES = fs.readdirSync(path.join(import.meta.dirname, '../../src/adapters/postgres/migrations')).toSorted();
const open = (schema: string): Promise<Store> => openStore({ url: db.url, schema, maxConnections: 2 });
const closing = async (stores: readonly Store[]): Promise<void> => void (await Promise.all(stores.map((store) => store.close())));

describe('migrations', () => {
  it('are numbered without a gap', () => {
    expect(FILES.map((name) => Number(name.split('.')[0]))).toEqual(FILES.map((_, n) => n + 1));
    for (const name of FILES) expect(name).toMatch(/^\d{3}\.do\.[a-z-]+\.sql$/);
  });

  it('run once when several processes start at once', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => open('together')));
    const rows = await db.sql`select version::integer from together.migration where version > 0 order by version`;
    expect(rows.map(({ version }) => version)).toEqual(FILES.map((_, n) => n + 1));
    await closing(stores);
  });

  it('leave what is stored alone at the next start', async () => {
    const first = await open('again');
    await first.inventory.publish(flavorOf('1'));
    await first.close();
    const second = await open('again');
    expect(await second.inventory.list()).toHaveLength(1);
    await second.close();
  });

  it('give each node a schema of its own', async () => {
    const stores = await Promise.all(['north', 'south-east_1'].map(open));
    await stores[0]?.inventory.publish(flavorOf('1'));
    expect(await Promise.all(stores.map(async ({ inventory }) => (await inventory.list()).length))).toEqual([1, 0]);
    await closing(stores);
  });

  it.each(['', 'South', 'a"b', 'a.b', '1st', 'x'.repeat(64)])('are not run in a schema named "%s"', async (schema) => {
    await expect(open(schema)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
  });

  it('let nobody keep an id that two addresses have', async () => {
    const first = await open('doubled');
    await db.sql`drop index doubled.known_node_id`;
    await db.sql`delete from doubled.migration where version >= 11`;
    await db.sql`insert into doubled.known_node (address, node_id, source)
      values ('a:1', 'a', 'operator'), ('a:2', 'a', 'operator'), ('b:1', 'b', 'operator'), ('c:1', null, 'operator'), ('d:1', null, 'operator')`;
    const second = await open('doubled');
    expect((await second.knownNodes.list()).map(({ nodeId }) => nodeId)).toEqual([undefined, undefined, 'b', undefined, undefined]);
    await closing([first, second]);
  });

  it('take what was stored before there were GPUs as without any', async () => {
    const first = await open('older');
    await first.inventory.publish(flavorOf('1'));
    const transaction = newTransaction();
    const reserve = (store: Store) =>
      store.inventory.reserve({
        flavor: flavorOf('1').id,
        buyer: buyerOf('alice'),
        part: ONE,
        transaction,
        idempotencyKey: 'k',
        ttlMs: 1e9,
      });
    await reserve(first);
    await db.sql.unsafe(`
      alter domain older.amounts drop constraint amounts_check;
      alter table older.lineage drop constraint never_oversold;
      update older.lineage set wanted = wanted[1:4], total = total[1:4], held = held[1:4], sold = sold[1:4];
      update older.flavor set total = total[1:4];
      update older.hold set amounts = amounts[1:4];
      alter domain older.amounts add constraint amounts_check check (cardinality(value) = 4);
      delete from older.migration where version >= 22`);
    const second = await open('older');
    expect(await reserve(second)).toMatchObject({ id: transaction, resources: ONE });
    expect(await second.inventory.sums()).toMatchObject({ held: ONE, flavors: 1 });
    expect(await second.inventory.recount()).toEqual({ mended: [], failed: [] });
    expect(await second.inventory.prune()).toMatchObject({ holds: 0 });
    await closing([first, second]);
  });

  it('stop the start when one that ran was changed since', async () => {
    await db.sql`update ${db.sql(SCHEMA)}.migration set md5 = 'changed' where version = 1`;
    await expect(open(SCHEMA)).rejects.toThrow('MD5 checksum failed for migration [1]');
  });
});
