import { z } from 'zod';
import type { Inventory, Listing } from '../../ports/inventory.ts';
import type { Amounts } from './amounts.ts';
import { json, type Pool } from './connect.ts';
import { type FlavorRow, isListed, listedOf } from './flavors.ts';

/** Lineages of one page: what reads a hundred thousand of them for the first time lets others have their turn. */
const PAGE = 500;

/** Where a reader is: it knows what the snapshot `seen` shows, and reads on to `until`, of which it has all up to `after`; `place` is the table as this server has it. */
const Mark = z.object({
  place: z.string(),
  seen: z.string().nullable(),
  until: z.string(),
  after: z.object({ era: z.string(), id: z.string() }).nullable(),
});

type Row = FlavorRow & {
  readonly at: string;
  readonly now: Date;
  readonly found_place: string;
  readonly known_place: boolean;
  readonly changed: string | null;
  /** Null where it is among those that were asked for. */
  readonly changed_era: string | null;
  readonly free: Amounts | null;
  readonly changes_at: Date | null;
};

/** The list as it changes: the part of `Inventory` that follows it. A server that was started anew, or a table that was written anew, is read from the beginning. */
export const listChanges = (pool: Pool): Pick<Inventory, 'changes'> => ({
  async changes({ since, ended = [] }) {
    const mark = since === undefined ? undefined : Mark.parse(JSON.parse(since));
    const rows = await pool<Row[]>`
      select m.at, m.now, m.place as found_place, m.known as known_place, c.lineage as changed, c.era as changed_era, f.*, s.free,
        -- No hold ends before next_expiry; of holds that have ended, and are not swept yet, the next one has to be looked for.
        case when l.next_expiry = 'infinity' then null when l.next_expiry > m.now then l.next_expiry
          else (select min(expires_at) from hold where lineage = l.id and state = 'held' and expires_at > m.now) end as changes_at
      from (
        select p.*, coalesce(p.place = ${mark?.place ?? null}, false) as known from (
          select pg_current_snapshot()::text as at, clock_now() as now, pg_postmaster_start_time() || ' ' || pg_relation_filenode('lineage') as place
        ) p
      ) m
      left join lateral lineages_changed(
        case when m.known then ${mark?.seen ?? null}::text::pg_snapshot end,
        case when m.known then ${mark?.after?.era ?? null}::text::bigint end, ${mark?.after?.id ?? ''}, ${PAGE}, ${json(pool, ended)}
      ) as c on true
      left join lineage l on l.id = c.lineage
      left join stock s on s.lineage = c.lineage
      left join flavor f on f.lineage = c.lineage and f.state = 'living'
      order by c.era nulls first, c.lineage`;
    const [first] = rows;
    if (!first) throw new Error('no row of changes');
    const known = mark !== undefined && first.known_place;
    const until = known && mark.after !== null ? mark.until : first.at;
    const changed = rows.filter((row) => row.changed_era !== null);
    const last = changed.length === PAGE ? changed.at(-1) : undefined;
    const after = last && { era: last.changed_era ?? '', id: last.changed ?? '' };
    const next: z.output<typeof Mark> = {
      place: first.found_place,
      seen: after ? (known ? mark.seen : null) : until,
      until,
      after: after ?? null,
    };
    return {
      get listings() {
        return rows.flatMap((row) => (row.changed === null ? [] : [listingOf(row, row.changed)]));
      },
      anew: !known,
      next: JSON.stringify(next),
      more: after !== undefined,
      now: first.now.getTime(),
    };
  },
});

function listingOf({ free, changes_at, ...row }: Row, lineage: string): Listing {
  const changesAt = changes_at === null ? {} : { changesAt: changes_at.getTime() };
  if (free === null || row.id === null) return { lineage, ...changesAt };
  const listed = { ...row, free };
  const flavor = listedOf(listed);
  return isListed(listed, flavor) ? { lineage, flavor, ...changesAt } : { lineage, ...changesAt };
}
