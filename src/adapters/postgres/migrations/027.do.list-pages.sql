-- Who follows the list reads it, and what changed, in pages that together cost one walk: each goes on where the one before it ended. 024 found all changes again for each page: a hundred thousand of them took minutes. Its
-- function stays for processes of before.
create index if not exists lineage_place on lineage (era, id);
drop index if exists lineage_era;

-- Lineages that changed since a snapshot, all of them without one; so many after a place, and those of `p_also` (their era is null) besides. One that changes meanwhile moves on, not back: it is met again, or
-- told the next time.
create or replace function lineages_changed(p_since pg_snapshot, p_era bigint, p_id text, p_most integer, p_also jsonb) returns table (lineage text, era bigint)
language plpgsql stable rows 10 as $$
declare
  oldest bigint := coalesce(pg_snapshot_xmin(p_since)::text::bigint, 0);
begin
  if p_era is null or p_era < oldest >> 8 then
    p_era := oldest >> 8;
    p_id := '';
  end if;
  return query select jsonb_array_elements_text(p_also), null::bigint;
  return query
    select l.id, l.era from lineage l
    where (l.era, l.id) > (p_era, p_id)
      -- What is visible lies below the newest transaction; rows that were restored into a new server may not, and changed before whatever is asked for.
      and (p_since is null or (l.version >= oldest and l.version < pg_snapshot_xmax(pg_current_snapshot())::text::bigint
        and not pg_visible_in_snapshot(l.version::text::xid8, p_since)))
    order by l.era, l.id limit p_most;
end $$;
-- Plans are kept for as long as a connection lives, and most are made while the table is small: whatever the planner thinks then, it is to walk that index.
alter function lineages_changed set enable_seqscan = off;
alter function lineages_changed set enable_bitmapscan = off;
alter function lineages_changed set enable_sort = off;
