/** Lists of thousands of rows, through the command line and the API on the real store: each row once, whatever is written between two pages. */
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { acquisitionId, flavorId } from '../../src/domain/ids.ts';
import { managementApi } from '../../src/http/api/app.ts';
import { buyerOf, flavorOf, newTransaction, NOON, ONE, SELLER, termsOf } from '../contracts/samples.ts';
import { openToAll } from '../fakes/callers.ts';
import { signerAt } from '../fakes/keys.ts';
import { memoryProcesses } from '../fakes/memory-processes.ts';
import { cloneDatabase } from './database.ts';

const MANY = 2_500;
const db = await cloneDatabase(inject('databases'));
afterAll(() => db.drop());
const { sql, store } = db;
const clock = { now: () => NOON };
const { processes } = memoryProcesses({ clock });
const api = managementApi(
  {
    ...store,
    processes,
    blueprints: { page: async () => ({ items: [] }) },
    signer: signerAt('north.example:3004', clock),
    clock,
    limitsOf: () => ({}),
    bodyLimitBytes: 10_000,
  },
  { log: { info() {}, error() {} }, version: '0', loopbackOnly: true, callers: openToAll },
);

const bought = () => store.contracts.storeBought({ terms: termsOf(), acquisition: acquisitionId(`a-${newTransaction()}`) });
const status = (name: string, startedAt: number) =>
  ({ name, phase: 'usage', state: 'ended', since: startedAt, startedAt, attempts: 1 }) as const;
const save = (name: string, startedAt: number) =>
  store.intents.save({ status: status(name, startedAt), document: {}, plan: [], silent: [], journal: [] });
const reserve = (name: string) =>
  store.inventory.reserve({ flavor: flavorOf('a').id, buyer: buyerOf(name), part: ONE, transaction: newTransaction(), ttlMs: 60_000 });
const made = (name: string) => ({ ...flavorOf('a'), id: flavorId(name) });
const offer = (names: readonly string[]) =>
  store.candidates.replace(
    'north.example:1',
    names.map((name) => ({ flavor: made(name), seller: SELLER, dialect: 'rearguard', part: ONE, rating: 0.5 })),
  );
const names = Array.from({ length: MANY }, (_, n) => `n-${String(n).padStart(5, '0')}`);

/** Contracts and their allocations, a microsecond apart: three to each moment, hundreds to each millisecond. */
async function contractsMade(): Promise<void> {
  await bought();
  await sql`
    with made as (
      insert into contract (id, role, transaction, acquisition, terms, agreement, state, created_at)
      select 'contract-' || lpad(n::text, 5, '0'), role, transaction || n, acquisition, jsonb_set(terms, '{id}', to_jsonb('contract-' || lpad(n::text, 5, '0'))), null, state,
        created_at - (n / 3) * interval '1 microsecond'
      from contract, generate_series(1, ${MANY - 1}::integer) n returning id, created_at
    ) insert into allocation (contract, type, state, resources, changed_at)
      select made.id, type, state, resources, made.created_at from made, allocation`;
}

/** What is listed, how it gets in, and what is written between two pages: rows before and after the place. */
const LISTS: Readonly<
  Record<
    string,
    { readonly fill: () => Promise<unknown>; readonly meanwhile: () => Promise<unknown>; readonly name: (row: never) => string }
  >
> = {
  contracts: { fill: contractsMade, meanwhile: bought, name: ({ terms }: { terms: { id: string } }) => terms.id },
  allocations: {
    fill: contractsMade,
    async meanwhile() {
      await bought();
      // All of them change, those that are not shown yet too.
      await sql`update allocation set state = 'active', changed_at = clock_now()`;
    },
    name: ({ contract }: { contract: string }) => contract,
  },
  flavors: {
    async fill() {
      await store.inventory.publish(made(names[0] ?? ''));
      await sql`
        with made as (select id || '-' || lpad(n::text, 5, '0') as id, total from lineage, generate_series(1, ${MANY - 1}::integer) n),
        ledgers as (insert into lineage (id, on_sale, terms, wanted, total) select id, true, 1, total, total from made)
        insert into flavor (id, lineage, generation, terms, state, description, total, created_at)
        select m.id, m.id, 1, 1, 'living', f.description, m.total, f.created_at from made m, flavor f`;
    },
    meanwhile: async () => {
      for (const name of [`m-${newTransaction()}`, `o-${newTransaction()}`]) await store.inventory.publish(made(name));
    },
    name: ({ id }: { id: string }) => id,
  },
  candidates: {
    async fill() {
      await store.knownNodes.add('north.example:1', 'operator');
      await offer(names);
    },
    meanwhile: () => offer([...names.slice(10), 'm-1', 'n-02499-more', 'o-1']),
    name: ({ flavor }: { flavor: { id: string } }) => flavor.id,
  },
  buyers: {
    async fill() {
      await store.inventory.publish(flavorOf('a', { resources: { cpu: '9000', memory: '18000Gi', pods: '90000' } }));
      await reserve('n-00000');
      await sql`
        insert into hold (transaction, lineage, flavor, buyer_id, buyer, key, resources, amounts, state, expires_at)
        select transaction || n, lineage, flavor, 'n-' || lpad(n::text, 5, '0'), jsonb_set(buyer, '{id}', to_jsonb('n-' || lpad(n::text, 5, '0'))), key, resources, amounts, state, expires_at
        from hold, generate_series(1, ${MANY - 1}::integer) n`;
    },
    meanwhile: () => Promise.all([reserve(`m-${newTransaction()}`), reserve(`o-${newTransaction()}`)]),
    name: ({ buyer }: { buyer: { id: string } }) => buyer.id,
  },
  'intent list': {
    async fill() {
      await save('n-00000', NOON);
      await sql`
        insert into intent (name, record, started_at, saved_at)
        select 'n-' || lpad(n::text, 5, '0'), jsonb_set(jsonb_set(record, '{status,name}', to_jsonb('n-' || lpad(n::text, 5, '0'))), '{status,startedAt}', to_jsonb(${NOON}::bigint - n / 7)),
          started_at - (n / 7) * interval '1 millisecond', saved_at
        from intent, generate_series(1, ${MANY - 1}::integer) n`;
    },
    meanwhile: () => Promise.all([save(`m-${newTransaction()}`, NOON + 1), save(`o-${newTransaction()}`, NOON - 10_000)]),
    name: ({ name }: { name: string }) => name,
  },
  'audit --no-verify -n 99999': {
    async fill() {
      await sql`insert into event (at, kind, facts) select clock_now() + (n / 3) * interval '1 microsecond', 'operator', jsonb_build_object('n', n) from generate_series(1, ${MANY}::integer) n`;
    },
    meanwhile: () => store.audit.record({ kind: 'operator', facts: { n: 'more' } }),
    name: ({ id }: { id: number }) => String(id),
  },
};
beforeEach(async () => {
  await db.clear();
  await db.setClock(NOON);
});

/** What the command lists, and what each of its questions was answered with; `meanwhile` happens before each but the first. */
async function listed(argv: readonly string[], meanwhile: () => Promise<unknown> = async () => {}) {
  const said = { out: '', err: '' };
  const pages: (readonly never[])[] = [];
  const exit = await runProgram(argv, {
    output: { out: (words) => void (said.out += words), err: (words) => void (said.err += words) },
    environment: {},
    readInput: async () => '',
    now: clock.now,
    signal: AbortSignal.timeout(50_000),
    version: '0',
    async fetch(url, init) {
      if (pages.length > 0) await meanwhile();
      const request = new Request(url, init);
      request.headers.set('host', '127.0.0.1:3005');
      const answer = await api.fetch(request);
      pages.push(((await answer.clone().json()) as { readonly items: readonly never[] }).items);
      return answer;
    },
  });
  expect([exit, said.err]).toEqual([0, '']);
  const document = JSON.parse(said.out) as readonly never[] | { readonly items: readonly never[] };
  return { rows: 'items' in document ? document.items : document, pages };
}

test.each(Object.entries(LISTS))(
  '%s of thousands are listed whole, each row once, while others are written',
  async (command, { fill, meanwhile, name }) => {
    await fill();
    const argv = ['--json', ...command.split(' ')];
    const { rows, pages } = await listed(argv);
    const whole = rows.map(name);
    expect([whole.length, new Set(whole).size]).toEqual([MANY, MANY]);
    expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
    const { rows: later } = await listed(argv, meanwhile);
    const seen = later.map(name);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((each) => whole.includes(each))).toEqual(whole);
  },
);
