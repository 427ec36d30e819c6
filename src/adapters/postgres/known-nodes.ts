import postgres from 'postgres';
import { Fault } from '../../domain/faults.ts';
import type { KnownNode, KnownNodes } from '../../ports/records.ts';
import { type Db, type Pool, storable } from './connect.ts';

interface KnownNodeRow {
  readonly address: string;
  readonly node_id: string | null;
  readonly domain: string | null;
  readonly cluster_id: string | null;
  readonly dialect: 'fluidos' | 'rearguard' | null;
  readonly source: KnownNode['source'];
  readonly last_seen_at: Date | null;
  readonly last_fault: string | null;
  readonly poked_at: Date | null;
}

const knownNode = (row: KnownNodeRow): KnownNode => ({
  address: row.address,
  source: row.source,
  ...(row.node_id === null ? {} : { nodeId: row.node_id }),
  ...(row.domain === null ? {} : { domain: row.domain }),
  ...(row.cluster_id === null ? {} : { clusterId: row.cluster_id }),
  ...(row.dialect === null ? {} : { dialect: row.dialect }),
  ...(row.last_seen_at === null ? {} : { lastSeenAt: row.last_seen_at.toISOString() }),
  ...(row.last_fault === null ? {} : { lastFault: row.last_fault }),
  ...(row.poked_at === null ? {} : { pokedAt: row.poked_at.toISOString() }),
});

const WORDS: Record<string, string> = {
  taken: 'this cluster id belongs to another node',
  clashing: 'this cluster id could write names that belong to another cluster',
};

/** The refusal behind what `bind_cluster` answered; `undefined` when it was bound. */
export const bindingFault = (outcome: string, facts: { readonly clusterId?: string | undefined; readonly nodeId: string }) =>
  WORDS[outcome] === undefined ? undefined : new Fault('BUYER_REFUSED', WORDS[outcome], facts);

/** The index that keeps an id for one address. */
const ONE_ADDRESS = 'known_node_id';
const isTaken = (error: unknown): boolean => error instanceof postgres.PostgresError && error.constraint_name === ONE_ADDRESS;

export const knownNodes = (pool: Pool): KnownNodes => ({
  async list() {
    return (await pool<KnownNodeRow[]>`select * from known_node order by address`).map(knownNode);
  },
  async overTls() {
    return (await pool<Pick<KnownNodeRow, 'address'>[]>`select address from known_node where address like 'https://%'`).map(
      ({ address }) => address,
    );
  },
  async add(address, source) {
    const [row] = await pool<KnownNodeRow[]>`
      insert into known_node (address, source) values (${address}, ${source})
      on conflict (address) do update set address = excluded.address returning *`;
    if (!row) throw new Error('an upsert answered nothing');
    return knownNode(row);
  },
  async remove(address) {
    return (await pool`delete from known_node where address = ${address}`).count > 0;
  },
  async configure(addresses) {
    await pool.begin(async (sql) => {
      // Processes that start together configure the same: one after the other.
      await sql`lock table known_node in share row exclusive mode`;
      await sql`delete from known_node where source = 'configuration' and address not in (${listed(sql, addresses)})`;
      await sql`insert into known_node (address, source) select address, 'configuration' from (${listed(sql, addresses)}) as configured (address)
        on conflict (address) do update set source = 'configuration'`;
    });
  },
  async seen(address, { nodeId, domain, clusterId, dialect, fault: words }) {
    const fault = words === undefined ? undefined : storable(words);
    const learn = async (): Promise<void> =>
      void (await pool`
      update known_node set
        node_id = case when ${nodeId === null}::boolean then null when exists (select from known_node other where other.node_id = ${nodeId ?? null} and other.address <> ${address})
          then node_id else coalesce(${nodeId ?? null}, node_id) end,
        domain = coalesce(${domain ?? null}, domain),
        cluster_id = coalesce(${clusterId ?? null}, cluster_id),
        dialect = coalesce(${dialect ?? null}, dialect),
        last_seen_at = case when ${fault ?? null}::text is null then clock_now() else last_seen_at end,
        last_fault = ${fault ?? null},
        poked_at = case when ${fault ?? null}::text is null then poked_at end
      where address = ${address}`);
    // Somebody else showed this id in the same moment and was first: it is his, and everything else is learnt.
    await learn().catch(async (error: unknown) => {
      if (!isTaken(error)) throw error;
      await learn();
    });
  },
  async poked(address) {
    await pool`update known_node set poked_at = clock_now() where address = ${address}`;
  },
  async bindCluster(clusterId, nodeId) {
    const [row] = await pool<{ outcome: string }[]>`select bind_cluster(${clusterId}, ${nodeId}) as outcome`;
    const fault = bindingFault(row?.outcome ?? '', { clusterId, nodeId });
    if (fault) throw fault;
  },
});

/** Addresses as rows: a JSON array, since a list of parameters may not be empty. */
const listed = (sql: Db, addresses: readonly string[]) => sql`select distinct jsonb_array_elements_text(${sql.json([...addresses])})`;
