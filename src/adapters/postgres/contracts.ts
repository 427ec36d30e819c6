import type { Agreement } from '../../domain/agreement.ts';
import type { Allocation, Contract, ContractTerms } from '../../domain/contract.ts';
import { Fault } from '../../domain/faults.ts';
import { acquisitionId, type ContractId } from '../../domain/ids.ts';
import { type ByTime, type PageOf, pageOf } from '../../domain/pages.ts';
import type { Ending } from '../../domain/reasons.ts';
import type { Resources } from '../../domain/resources.ts';
import type { Contracts } from '../../ports/contracts.ts';
import { type Db, json, type Pool } from './connect.ts';
import { exactly, isAfter } from './places.ts';
import { renewals } from './renewals.ts';

interface ContractRow {
  readonly role: Contract['role'];
  readonly acquisition: string | null;
  readonly terms: ContractTerms;
  readonly state: Contract['state'];
  readonly ending: Ending | null;
  /** Absent where it was not asked for. */
  readonly ended_at?: Date | null;
  /** Absent where it was not asked for. */
  readonly agreement?: Agreement | null;
  readonly renewals?: readonly Agreement[] | null;
  readonly renewed_until: string | null;
  readonly notice: Contract['notice'] | null;
}

interface AllocationRow {
  readonly contract: ContractId;
  readonly type: Allocation['type'];
  readonly state: Allocation['state'];
  readonly resources: Resources;
}

const contract = (row: ContractRow): Contract => ({
  terms: row.terms,
  role: row.role,
  state: row.state,
  ...(row.ending === null ? {} : { ending: row.ending }),
  ...(row.ended_at ? { endedAt: row.ended_at.toISOString() } : {}),
  ...(row.acquisition === null ? {} : { acquisition: acquisitionId(row.acquisition) }),
  ...(row.agreement ? { agreement: row.agreement } : {}),
  ...(row.renewals ? { renewals: row.renewals } : {}),
  ...(row.renewed_until === null ? {} : { renewedUntil: row.renewed_until }),
  ...(row.notice ? { notice: row.notice } : {}),
});

const allocation = ({ contract: of, type, state, resources }: AllocationRow): Allocation => ({ contract: of, type, state, resources });

/** Writes a contract, its inactive allocation and the event that tells of it; `undefined` when that id is there already. */
export async function insertContract(
  sql: Db,
  input: {
    readonly terms: ContractTerms;
    readonly role: Contract['role'];
    readonly acquisition?: string | undefined;
    readonly agreement?: Agreement | undefined;
  },
): Promise<Contract | undefined> {
  const { terms, role, acquisition, agreement } = input;
  const [row] = await sql<ContractRow[]>`
    with made as (
      insert into contract (id, role, transaction, acquisition, terms, agreement, state, created_at)
      values (${terms.id}, ${role}, ${terms.transaction}, ${acquisition ?? null}, ${json(sql, terms)},
        ${agreement ? json(sql, agreement) : null}, 'active', clock_now())
      on conflict (id) do nothing returning *
    ), allocated as (
      insert into allocation (contract, type, state, resources, changed_at)
      select id, case role when 'seller' then 'Node' else 'VirtualNode' end, 'inactive', terms -> 'resources', created_at from made
    ), told as (
      insert into event (at, kind, contract, peer, facts)
      select created_at, ${role === 'seller' ? 'sold' : 'bought'}, id, terms -> ${other(role)} ->> 'id', jsonb_strip_nulls(jsonb_build_object(
        'transaction', transaction, 'acquisition', acquisition, 'flavor', terms -> 'flavor' ->> 'id', 'resources', terms -> 'resources',
        'price', terms -> 'price', 'buyer', terms -> 'buyer', 'seller', terms -> 'seller', 'startsAt', terms ->> 'startsAt',
        'expiresAt', terms ->> 'expiresAt'))
      from made
    )
    select * from made`;
  return row && contract(row);
}

/** A contract is over when its allocation is released. */
const endedAt = (sql: Db) => sql`(select changed_at from allocation where contract = contract.id and state = 'released') as ended_at`;

const other = (role: Contract['role']): Contract['role'] => (role === 'seller' ? 'buyer' : 'seller');

export async function readContract(sql: Db, id: ContractId): Promise<Contract | undefined> {
  const [row] = await sql<ContractRow[]>`select *, ${endedAt(sql)} from contract where id = ${id}`;
  return row && contract(row);
}

/** Ends a contract of one role for good and releases its allocation, its first ending kept; answers whether it was not over before. */
export async function endContract(sql: Db, id: ContractId, role: Contract['role'], ending: Ending): Promise<boolean> {
  const [ended] = await sql`
    with ended as (
      update contract set state = 'over', ending = coalesce(ending, ${json(sql, ending)}::jsonb)
      where id = ${id} and role = ${role} and state <> 'over' returning id, role, terms, ending
    ), released as (
      update allocation set state = 'released', changed_at = clock_now() from ended where contract = ended.id
    ), told as (
      insert into event (at, kind, contract, peer, facts)
      select clock_now(), 'over', id, terms -> ${other(role)} ->> 'id',
        ending || jsonb_build_object('role', role, 'buyer', terms -> 'buyer', 'seller', terms -> 'seller') from ended
    )
    select id from ended`;
  return ended !== undefined;
}

/** A row of a list, and when its contract was written: where it stands there. */
type Listed<R> = R & { readonly at: string };
type Some<F> = F & Partial<PageOf<ByTime>>;

async function listed(
  sql: Db,
  { role, living, after, limit }: Some<NonNullable<Parameters<Contracts['list']>[0]>>,
): Promise<readonly Listed<ContractRow>[]> {
  // In pieces: a condition that may be absent keeps a statement from the index of the living ones.
  const life = living === undefined ? sql`` : living ? sql`and state <> 'over'` : sql`and state = 'over'`;
  return await sql<Listed<ContractRow>[]>`
    select role, acquisition, terms, state, ending, ${endedAt(sql)}, renewed_until, notice, ${exactly(sql, 'created_at')} as at from contract
    where ${isAfter(sql, ['created_at', 'id'], after)} ${role === undefined ? sql`` : sql`and role = ${role}`} ${life}
    order by created_at desc, id limit ${limit ?? null}`;
}

/** By their contracts: when they changed last is no place, since one that changes while somebody reads on would be passed by. */
async function allocated(
  sql: Db,
  { living = false, after, limit }: Some<NonNullable<Parameters<Contracts['allocations']>[0]>>,
): Promise<readonly Listed<AllocationRow>[]> {
  // The living ones are few, however many there ever were: looked for first.
  const found = living
    ? sql`with found as materialized (select * from allocation where state <> 'released')`
    : sql`with found as (select * from allocation)`;
  return await sql<Listed<AllocationRow>[]>`
    ${found} select a.contract, a.type, a.state, a.resources, ${exactly(sql, 'c.created_at')} as at from contract c join found a on a.contract = c.id
    where ${isAfter(sql, ['c.created_at', 'c.id'], after)} order by c.created_at desc, c.id limit ${limit ?? null}`;
}

export const contracts = (pool: Pool): Contracts => ({
  ...renewals(pool),
  async storeBought({ terms, acquisition, agreement }) {
    await pool.begin(async (sql) => {
      if (await insertContract(sql, { terms, role: 'buyer', acquisition, agreement })) return;
      const stored = await readContract(sql, terms.id);
      if (stored?.role !== 'buyer' || stored.terms.transaction !== terms.transaction || stored.terms.seller.id !== terms.seller.id)
        throw new Fault('PEER_LIED', 'the seller named its contract as another one is named', { contract: terms.id });
      // What we keep is what we signed: a seller that is asked again may not offer other terms under the same name.
      if (stored.agreement?.payload !== agreement?.payload)
        throw new Fault('PEER_LIED', 'the seller signed other terms when it was asked again', { contract: terms.id });
    });
  },
  async countersign({ contract: id, payload, signature }) {
    const [row] = await pool`
      update contract set agreement = case when jsonb_array_length(agreement -> 'signatures') > 1 then agreement
        else jsonb_insert(agreement, '{signatures,-1}', ${json(pool, signature)}::jsonb, true) end
      where id = ${id} and role = 'seller' and agreement ->> 'payload' = ${payload} returning id`;
    return row !== undefined;
  },
  async signAnew({ contract: id, agreement }) {
    await pool`
      update contract set agreement = ${json(pool, agreement)}
      where id = ${id} and role = 'seller' and state = 'active' and agreement ->> 'payload' = ${agreement.payload}
        and jsonb_array_length(agreement -> 'signatures') = 1`;
  },
  get: (id) => readContract(pool, id),
  async ofTransaction(transaction) {
    const [row] = await pool<ContractRow[]>`
      select * from contract where transaction = ${transaction} order by role = 'seller' desc, created_at desc limit 1`;
    return row && contract(row);
  },
  async ofAcquisition(acquisition) {
    // What buyers send us as their keys is not ours: it must not answer for an acquisition of our own.
    const [row] = await pool<ContractRow[]>`
      select * from contract where acquisition = ${acquisition} and role = 'buyer' order by created_at desc limit 1`;
    return row && contract(row);
  },
  async list(filter = {}) {
    return (await listed(pool, filter)).map(contract);
  },
  async page({ limit, ...of }) {
    return pageOf(await listed(pool, { ...of, limit: limit + 1 }), limit, {
      item: contract,
      place: ({ at, terms }): ByTime => [at, terms.id],
    });
  },
  async ofProcesses({ sales, acquisitions }) {
    const rows = await pool<ContractRow[]>`
      select role, acquisition, terms, state, ending, renewed_until, notice from contract
      where role = 'seller' and transaction in (select jsonb_array_elements_text(${pool.json([...sales])}))
      union all
      select role, acquisition, terms, state, ending, renewed_until, notice from contract
      where role = 'buyer' and acquisition in (select jsonb_array_elements_text(${pool.json([...acquisitions])}))`;
    return rows.map(contract);
  },
  async markEnding({ contract: id, ending }) {
    await pool`
      with ended as (
        update contract set state = 'ending', ending = ${json(pool, ending)} where id = ${id} and state = 'active' returning id, role, terms, ending
      )
      insert into event (at, kind, contract, peer, facts)
      select clock_now(), 'ending', id, terms -> case role when 'seller' then 'buyer' else 'seller' end ->> 'id',
        ending || jsonb_build_object('role', role, 'buyer', terms -> 'buyer', 'seller', terms -> 'seller')
      from ended`;
  },
  async markOver({ contract: id, ending }) {
    await endContract(pool, id, 'buyer', ending);
  },
  async activate(id) {
    await pool`update allocation set state = 'active', changed_at = clock_now() where contract = ${id} and state = 'inactive'`;
  },
  async allocations(filter = {}) {
    return (await allocated(pool, filter)).map(allocation);
  },
  async allocationPage({ limit, ...of }) {
    const rows = await allocated(pool, { ...of, limit: limit + 1 });
    return pageOf(rows, limit, { item: allocation, place: ({ at, contract: of }): ByTime => [at, of] });
  },
});
