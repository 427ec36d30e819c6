import { GENESIS, type Head, type Seal } from '../../domain/audit.ts';
import type { Chain, Heads } from '../../ports/audit.ts';
import { type Db, json, type Pool, type StoreLog } from './connect.ts';
import { base64url, type EventRow, eventColumns } from './events.ts';
import { bytesOf, linkHash, linksAfter, same } from './links.ts';

/** Events of one transaction, and of one page that is read back. */
const BATCH = 500;
/** How long one call goes on; the next one finds the rest. */
const SEALING_MS = 10_000;

/** From where the chain goes on, whether what stands there may be signed, and what is wrong with it. */
interface Base {
  readonly from: Seal;
  readonly sign: boolean;
  readonly broken?: string;
}

/** The newest seal of the table. */
async function tipOf(sql: Db): Promise<Seal | undefined> {
  const [row] = await sql<{ seq: string; hash: Uint8Array }[]>`select seq, hash from seal where seq is not null order by seq desc limit 1`;
  return row && { seq: Number(row.seq), hash: base64url(row.hash) };
}

/** Whether what stands in the table after a head follows from it: a crash left it unsigned. */
async function follows(sql: Db, head: Head): Promise<boolean> {
  let [seq, hash]: [number, Uint8Array] = [head.seq, bytesOf(head)];
  for (;;) {
    const links = await linksAfter(sql, seq, BATCH);
    for (const { id, ...link } of links) {
      seq += 1;
      if (id === null || Number(link.seq) !== seq || !same(linkHash(hash, seq, { id, ...link }), link.hash)) return false;
      hash = link.hash;
    }
    if (links.length < BATCH) return true;
  }
}

/** The chain goes on from the head that was signed last, whatever the table says: what was cut or computed anew below it stays to be seen for ever. */
async function baseOf(sql: Db, last: Head | undefined): Promise<Base> {
  const tip = await tipOf(sql);
  if (!last) return { from: tip ?? GENESIS, sign: true };
  if (!tip || tip.seq < last.seq)
    return last.seq === 0
      ? { from: GENESIS, sign: true }
      : { from: last, sign: true, broken: `the table ends at seal ${tip?.seq ?? 0}, and the last head says ${last.seq}` };
  if (tip.seq === last.seq)
    return tip.hash === last.hash
      ? { from: tip, sign: true }
      : { from: last, sign: true, broken: `seal ${tip.seq} is not the one that was signed` };
  if (await follows(sql, last)) return { from: tip, sign: true };
  return { from: tip, sign: false, broken: `what follows seal ${last.seq} does not follow from its head` };
}

/** Hashes events onto the chain, in the order of their ids as far as they are there. */
async function extend(sql: Db, from: Seal): Promise<Seal & { readonly added: number }> {
  const waiting = await sql<EventRow[]>`
    select ${eventColumns(sql)} from seal s join event e on e.id = s.event where s.seq is null order by s.event limit ${BATCH}`;
  let [seq, hash] = [from.seq, bytesOf(from)];
  const made = waiting.map((event) => {
    seq += 1;
    hash = linkHash(hash, seq, event);
    return { event: event.id, seq, hash: hash.toString('hex') };
  });
  if (made.length > 0)
    await sql`
      update seal s set seq = (m ->> 'seq')::bigint, hash = decode(m ->> 'hash', 'hex')
      from jsonb_array_elements(${json(sql, made)}) m where s.event = (m ->> 'event')::bigint`;
  return { seq, hash: base64url(hash), added: made.length };
}

/** Seals what waits, in transactions of their own. A head is signed when its seals are written: one that a crash left out is made up for by the next call. */
export const sealing = (pool: Pool, heads: Heads | undefined, log: StoreLog): Pick<Chain, 'seal'> => ({
  async seal() {
    const until = performance.now() + SEALING_MS;
    let sealed = 0;
    for (;;) {
      // Before the lock, since it may take long: a head that another one has signed by then is found to follow.
      const known = await heads?.list();
      const last = known?.heads.at(-1);
      const round = await pool.begin(async (sql) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || '.seal', 0))`;
        const base = await baseOf(sql, last);
        // Said before there is anything, and again by each new key: heads that begin later were lost, or replaced.
        const fromTheStart = last ? last.kid !== known?.kid && known?.heads[0]?.seq === 0 : base.from.seq === 0;
        if (fromTheStart) await heads?.append(GENESIS);
        const end = await extend(sql, base.from);
        return { end, base, due: !last || last.seq < end.seq || last.kid !== known?.kid };
      });
      const { end, base, due } = round;
      sealed += end.added;
      if (base.sign && due && end.seq > 0) await heads?.append(end);
      if (base.broken !== undefined) log('the audit is broken', { words: base.broken });
      if (end.added < BATCH || performance.now() > until) return { sealed, ...(base.broken !== undefined && { broken: base.broken }) };
    }
  },
});
