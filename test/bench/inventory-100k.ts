import { fork } from 'node:child_process';
import http from 'node:http';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { flavorId, transactionId } from '../../src/domain/ids.ts';
import { buyerOf, flavorOf, ONE } from '../contracts/samples.ts';
import { askForList, type ListSize } from './list-size.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import type { Selecting } from './selecting.ts';
import { meet } from './seller-side.ts';
import type { Trading } from './trading.ts';

const FLAVORS = 100_000;
/** Each is selected by its CPUs, and has so many flavors. */
const MATCHING = 50;
const GROUPS = FLAVORS / MATCHING;
/** Groups of which others hold parts meanwhile; nobody asks for them. */
const TRADED = 100;
const SIDES = 4;
/** A node runs for weeks: what its first lists cost is not what the others do. */
const WARM_UP_MS = 2_000;
/** More than would leave a flavor with the CPUs of a group that is asked for. */
const TAKEN = { ...ONE, cpu: '2' };
/** As the configuration has it by default. */
const LIST_MOST = 1_000;

/**
 * LIST of 50 flavors among 100,000, four at a time, each for other ones than those before, while somebody else reserves and gives back all the time: no answer is one that was kept. The list without a selector
 * stays as long as the configuration allows. Who lists is a process of its own: what the other one's trading costs it would be taken for the seller's time otherwise.
 */
export async function measureInventory({ quick, say }: Measuring, trading: Trading): Promise<Measured> {
  const { identity } = await meet(trading);
  const { place, schema, ledger } = trading.seller;
  const store = await openStore({ url: place.databaseUrl, schema, maxConnections: 2 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: SIDES });
  const prefix = `${identity.domain}-k8slice-many`;
  const url = `http://${place.rear}/api/v2/flavors`;
  const list = (): Promise<ListSize> => askForList(url, agent);
  let listed = 0;
  const listGroups = async (forMs: number): Promise<readonly number[]> => {
    const selecting: Selecting = { url, sides: SIDES, groups: GROUPS - TRADED, matching: MATCHING, from: listed, forMs };
    const process = fork(new URL('selecting.js', import.meta.url), [JSON.stringify(selecting)]);
    const samples = await new Promise<readonly number[]>((resolve, reject) => {
      process.once('message', (told) => resolve(told as readonly number[]));
      process.once('error', reject);
      process.once('exit', (code) => reject(new Error(`who lists ended with ${code}, and told nothing`)));
    });
    listed += samples.length;
    return samples;
  };

  const fill = async (): Promise<void> => {
    const { owner: _owner, ...template } = flavorOf('many');
    await store.inventory.publish({ ...template, id: flavorId(prefix), providerId: identity.id, owner: identity });
    await ledger.sql`
      with made as (select ${prefix}::text || '-' || n as id, 1000 + n % ${GROUPS}::integer as cpu from generate_series(0, ${FLAVORS - 2}) n),
      ledgers as (
        insert into lineage (id, on_sale, terms, wanted, total)
        select m.id, true, 1, s.total, s.total
        from made m, lineage l, lateral (select array[m.cpu * 1000000::numeric] || (l.total::numeric[])[2:] as total) s
        where l.id = ${prefix} returning id, total
      )
      insert into flavor (id, lineage, generation, terms, state, description, total, created_at)
      select l.id, l.id, 1, 1, 'living', jsonb_set(f.description, '{offer,resources,cpu}', to_jsonb((l.total[1] / 1000000)::integer || 'm')), l.total, f.created_at
      from ledgers l, flavor f where f.id = ${prefix}`;
  };
  /** Off sale, and told, before they are gone: whoever follows the list hears of changes only. */
  const clean = async (): Promise<void> => {
    const mine = `${prefix}%`;
    await ledger.sql`update flavor set state = 'withdrawn' where lineage like ${mine}`;
    await ledger.sql`update lineage set on_sale = false, version = pg_current_xact_id()::text::bigint where id like ${mine}`;
    await list();
    await ledger.sql.begin(async (sql) => {
      // Each row's references would be looked for, one by one.
      await sql`set local session_replication_role = replica`;
      await sql`delete from hold where lineage like ${mine}`;
      await sql`delete from flavor where lineage like ${mine}`;
      await sql`delete from lineage where id like ${mine}`;
    });
  };

  try {
    await fill();
    // As if they had been published a while ago: of the last few hundred transactions' ledgers each list looks at all.
    await ledger.sql.unsafe('do $$ begin for n in 1..600 loop perform pg_current_xact_id(); commit; end loop; end $$');
    await ledger.sql`analyze lineage, flavor`;
    const from = performance.now();
    const whole = await list();
    const firstMs = performance.now() - from;
    if (whole.flavors !== LIST_MOST || whole.more !== 'true') throw new Error(`a list without a selector has ${whole.flavors} flavors`);
    say(`${FLAVORS} flavors are on sale; the first list took ${Math.round(firstMs)} ms`);
    await listGroups(quick ? 200 : WARM_UP_MS);

    const forMs = quick ? 2_000 : 10_000;
    const stopAt = performance.now() + forMs;
    const under = (): boolean => performance.now() < stopAt;
    const trade = async (): Promise<number> => {
      let n = 0;
      for (; under(); n += 1) {
        const transaction = transactionId(`bench-many-${n}`);
        const flavor = flavorId(`${prefix}-${GROUPS - TRADED + (n % TRADED)}`);
        await store.inventory.reserve({
          flavor,
          buyer: buyerOf('others'),
          part: TAKEN,
          idempotencyKey: transaction,
          transaction,
          ttlMs: 60_000,
        });
        await store.inventory.abandon(transaction);
      }
      return n;
    };
    const [samples, reservations] = await Promise.all([listGroups(forMs), trade()]);
    const { samples: unselected } = await drive({ sides: 1, until: (done) => done >= (quick ? 20 : 100), work: () => list() });
    const p99 = percentile(samples, 0.99);
    return {
      name: 'inventory-100k',
      unit: 'ms (p99 of LIST)',
      value: p99,
      p50: percentile(samples, 0.5),
      p99,
      facts: {
        ...trading.conditions,
        flavors: FLAVORS,
        matching: MATCHING,
        lists: samples.length,
        reservations,
        firstMs,
        unselectedP99: percentile(unselected, 0.99),
      },
    };
  } finally {
    await clean();
    agent.destroy();
    await store.close();
  }
}
