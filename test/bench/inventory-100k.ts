import http from 'node:http';
import { openStore } from '../../src/adapters/postgres/open.ts';
import { flavorId, transactionId } from '../../src/domain/ids.ts';
import { buyerOf, flavorOf, ONE } from '../contracts/samples.ts';
import { drive, type Measured, type Measuring, percentile } from './measured.ts';
import { meet } from './seller-side.ts';
import type { Trading } from './trading.ts';

const FLAVORS = 100_000;
/** Each is selected by its CPUs, and has so many flavors. */
const MATCHING = 50;
const GROUPS = FLAVORS / MATCHING;
/** Groups of which others hold parts meanwhile; nobody asks for them. */
const TRADED = 100;
const SIDES = 4;
const WARM_UP = 100;
/** More than would leave a flavor with the CPUs of a group that is asked for. */
const TAKEN = { ...ONE, cpu: '2' };
/** As the configuration has it by default. */
const LIST_MOST = 1_000;

/**
 * LIST of 50 flavors among 100,000, four at a time, each for other ones than those before, while somebody else reserves and gives back all the time: no answer is one that was kept. The list without a selector
 * stays as long as the configuration allows.
 */
export async function measureInventory({ quick, say }: Measuring, trading: Trading): Promise<Measured> {
  const { identity } = await meet(trading);
  const { place, schema, ledger } = trading.seller;
  const store = await openStore({ url: place.databaseUrl, schema, maxConnections: 2 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: SIDES });
  const prefix = `${identity.domain}-k8slice-many`;
  const list = (query = ''): Promise<Answered> => ask(`http://${place.rear}/api/v2/flavors${query}`, agent);
  const ofGroup = (n: number): Promise<Answered> => list(`/k8slice?filter[cpu][match]=${1_000 + (n % (GROUPS - TRADED))}m`);

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
    await drive({ sides: SIDES, until: (done) => done >= WARM_UP, work: ofGroup });

    const stopAt = performance.now() + (quick ? 2_000 : 10_000);
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
    const listing = drive({
      sides: SIDES,
      until: () => !under(),
      work: async (n) => {
        const { flavors } = await ofGroup(n + WARM_UP);
        if (flavors !== MATCHING) throw new Error(`${flavors} flavors are listed, not ${MATCHING}`);
      },
    });
    const [{ samples }, reservations] = await Promise.all([listing, trade()]);
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

interface Answered {
  readonly flavors: number;
  readonly more: string | string[] | undefined;
}

/** The time that reading the answer takes is part of it, parsing is not: that is the caller's. */
const ask = (url: string, agent: http.Agent): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('error', reject);
      answer.on('end', () =>
        answer.statusCode === 200 || answer.statusCode === 204
          ? resolve({ flavors: countIn(Buffer.concat(parts), '"flavorID"'), more: answer.headers['rearguard-more'] })
          : reject(new Error(`LIST answers ${answer.statusCode}`)),
      );
    });
    request.on('error', reject);
  });

function countIn(bytes: Buffer, word: string): number {
  let count = 0;
  for (let at = bytes.indexOf(word); at >= 0; at = bytes.indexOf(word, at + word.length)) count += 1;
  return count;
}
