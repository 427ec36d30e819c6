import { GENESIS, type Head, type Tampering, type Verification } from '../../domain/audit.ts';
import type { Chain, Heads } from '../../ports/audit.ts';
import type { Db, Pool } from './connect.ts';
import { bytesOf, GENESIS_HASH, linkAt, linkHash, type LinkRow, linksAfter, same } from './links.ts';

/** Seals that are read at a time. */
const PAGE = 1_000;
/** How long one call reads; the caller goes on from there. */
const READING_MS = 5_000;

interface Found {
  readonly kind: Tampering;
  readonly words: string;
  readonly seq?: number;
  readonly event?: number;
}

/** Where the comparison stands: the last seal that is as it should be. */
interface Place {
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly event?: number;
}

const fitting = (seals: number): string => (seals === 1 ? '1 seal fits its event' : `${seals} seals fit each other`);

/** A head of a withdrawn key proves nothing any more: what stood before the first head of a key that counts was vouched for when that was signed, not earlier. */
function vouchedSince(heads: readonly Head[]): string {
  const first = heads.find(({ seq }) => seq > GENESIS.seq);
  return first === undefined
    ? ''
    : `; up to seal ${first.seq} they are vouched for since ${first.at} only: earlier heads are of keys that count no more, and no head would show what was changed before`;
}

/** A seal against its event and the link before. */
async function fault(sql: Db, before: Place, { id, ...link }: LinkRow): Promise<Found | undefined> {
  const seq = Number(link.seq);
  const event = Number(link.event);
  const next = before.seq + 1;
  if (seq !== next) {
    const [loose] = await sql<{ id: string }[]>`
      select id from event e where id > ${before.event ?? 0} and not exists (select from seal s where s.event = e.id) order by id limit 1`;
    const gone = seq - 1 === next ? `seal ${next} is gone` : `seals ${next} to ${seq - 1} are gone`;
    if (loose) return { kind: 'removed', seq: next, event: Number(loose.id), words: `${gone}, and event ${loose.id} is left without one` };
    return { kind: 'removed', seq: next, words: `${gone} with their events, between events ${before.event ?? 0} and ${event}` };
  }
  if (id === null) {
    const [later] = await sql`select from seal s join event e on e.id = s.event where s.seq > ${seq} limit 1`;
    if (later) return { kind: 'removed', seq, event, words: `event ${event} is gone; its seal is left` };
    return { kind: 'cut-tail', seq, event, words: `all events from ${event} on are gone; their seals are left` };
  }
  if (!same(linkHash(before.hash, seq, { id, ...link }), link.hash))
    return { kind: 'altered', seq, event, words: `event ${event} is not what was sealed, or its seal was changed` };
  return undefined;
}

/** What only the whole tells: seals that heads knew, and events that no seal knows. */
async function faultOfWhole(sql: Db, end: Place, heads: readonly Head[]): Promise<Found | undefined> {
  const last = heads.at(-1);
  if (last && last.seq > end.seq) {
    const words = `the chain ends at seal ${end.seq}, and a head of ${last.at} knows ${last.seq}: the last ${last.seq - end.seq} are gone`;
    return { kind: 'cut-tail', seq: end.seq + 1, words };
  }
  const [gone] = await sql<{ event: string }[]>`
    select event from seal s where seq is null and not exists (select from event e where e.id = s.event) order by event limit 1`;
  if (gone) return { kind: 'removed', event: Number(gone.event), words: `event ${gone.event} is gone; it was not sealed yet` };
  const [loose] = await sql<{ id: string }[]>`
    select id from event e where not exists (select from seal s where s.event = e.id) order by id limit 1`;
  return loose && { kind: 'added', event: Number(loose.id), words: `event ${loose.id} was written past the sealing, or its seal is gone` };
}

/** Compares events, seals and heads. What was read first is the heads: they are signed after their seals are written, so that none is ahead of the table. */
export const verifying = (pool: Pool, heads: Heads | undefined): Pick<Chain, 'verify'> => ({
  async verify({ after = 0, forMs = READING_MS }) {
    const until = performance.now() + forMs;
    const known = await heads?.list();
    const signed = known?.heads ?? [];
    const [first, last] = [signed[0], signed.at(-1)];
    const headsAt = new Map<number, Head[]>();
    for (const head of signed) headsAt.set(head.seq, [...(headsAt.get(head.seq) ?? []), head]);
    const start = after > 0 ? await linkAt(pool, after) : undefined;
    let place: Place = start ? { seq: after, ...start } : { seq: 0, hash: GENESIS_HASH };
    /** The newest seal that a head vouches for. */
    let vouched = signed.findLast(({ seq }) => seq <= place.seq)?.seq ?? 0;

    const [count] = await pool<{ sealed: string; waiting: string }[]>`
      select coalesce(max(seq), 0) as sealed, (select count(*) from seal where seq is null) as waiting from seal`;
    const answer = (verdict: Verification['verdict'], words: string, more: Partial<Verification> = {}): Verification => ({
      verdict,
      words,
      checked: place.seq,
      sealed: Math.max(place.seq, Number(count?.sealed ?? 0)),
      waiting: Number(count?.waiting ?? 0),
      heads: {
        count: signed.length,
        ...(first && { first }),
        ...(last && { last }),
        unreadable: known?.unreadable ?? 0,
        ...(known && known.withdrawn > 0 && { withdrawn: known.withdrawn }),
      },
      ...more,
    });
    const broken = ({ words, ...tampering }: Found): Verification => answer('broken', words, { tampering });

    if (known && known.forged > 0)
      return broken({ kind: 'forged-head', words: `${known.forged} heads name a key of ours that did not sign them` });
    for (;;) {
      const links = await linksAfter(pool, place.seq, PAGE);
      for (const link of links) {
        const found = await fault(pool, place, link);
        if (found) return broken(found);
        place = { seq: Number(link.seq), hash: link.hash, event: Number(link.event) };
        for (const head of headsAt.get(place.seq) ?? []) {
          if (same(bytesOf(head), place.hash)) continue;
          const next = await linkAt(pool, vouched + 1);
          const from = next ? `event ${next.event}` : `seal ${vouched + 1}`;
          const words = `the chain was computed anew: seal ${place.seq} is not what was signed at ${head.at}; something from ${from} to event ${place.event} was changed`;
          return broken({ kind: 'recomputed', seq: vouched + 1, ...(next && { event: next.event }), words });
        }
        if (headsAt.has(place.seq)) vouched = place.seq;
      }
      if (links.length < PAGE) break;
      if (performance.now() > until) return answer('unfinished', `compared up to seal ${place.seq}`, { next: place.seq });
    }
    const found = await faultOfWhole(pool, place, signed);
    if (found) return broken(found);
    if (place.seq === 0) return answer('intact', 'nothing is sealed yet');
    if (!first)
      return answer(
        'unattested',
        `${fitting(place.seq)}, and no head vouches for ${place.seq === 1 ? 'it' : 'them'}: the heads are lost, or kept elsewhere`,
      );
    if (first.seq > GENESIS.seq)
      return answer('unattested', `${fitting(place.seq)}; the heads begin at seal ${first.seq}: those before were lost`);
    const ahead = place.seq - vouched;
    return answer(
      'intact',
      `${place.seq === 1 ? '1 seal is as it was' : `${place.seq} seals are as they were`} signed${ahead > 0 ? `, but for the last${ahead > 1 ? ` ${ahead}` : ''}, whose head is to come` : ''}${known?.withdrawn ? vouchedSince(signed) : ''}`,
    );
  },
});
