import postgres from 'postgres';
import { openStore } from '../../src/adapters/postgres/open.ts';

/** What a node's schema says of what it owes and is owed. */
export interface Ledger {
  /** Facts by name: sums, every tenant that stands, and every hold, allocation and contract that is not over. */
  facts(): Promise<ReadonlyMap<string, string>>;
  /** For planted leaks. */
  readonly sql: postgres.Sql;
  version(): Promise<string>;
  close(): Promise<void>;
}

export async function openLedger(url: string, schema: string): Promise<Ledger> {
  const sql = postgres(url, { max: 2, onnotice: () => {}, connection: { search_path: `"${schema}"`, application_name: 'rearguard-demo' } });
  const store = await openStore({ url, schema, maxConnections: 2 });
  return {
    sql,
    async facts() {
      const { free, held, sold, flavors } = await store.inventory.sums();
      const facts = new Map<string, string>([
        ['inventory sum free', JSON.stringify(free)],
        ['inventory sum held', JSON.stringify(held)],
        ['inventory sum sold', JSON.stringify(sold)],
        ['inventory sum flavors', String(flavors)],
      ]);
      const [holds, allocations, contracts, tenants] = await Promise.all([
        sql<{ transaction: string }[]>`select transaction from hold where state = 'held' and expires_at > clock_now()`,
        sql<{ contract: string; state: string }[]>`select contract, state from allocation where state <> 'released'`,
        sql<{ id: string; state: string }[]>`select id, state from contract where state <> 'over'`,
        sql<{ buyer: string }[]>`select buyer from tenant`,
      ]);
      for (const { transaction } of holds) facts.set(`hold ${transaction}`, 'held');
      for (const { contract, state } of allocations) facts.set(`allocation of ${contract}`, state);
      for (const { id, state } of contracts) facts.set(`contract ${id}`, state);
      for (const { buyer } of tenants) facts.set(`tenant of ${buyer} in the table`, 'standing');
      return facts;
    },
    async version() {
      const [row] = await sql<{ server_version: string }[]>`show server_version`;
      return row?.server_version ?? 'unknown';
    },
    async close() {
      await Promise.all([sql.end({ timeout: 5 }), store.close()]);
    },
  };
}
