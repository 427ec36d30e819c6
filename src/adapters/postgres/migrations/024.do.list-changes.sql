-- What is on sale is kept by who answers LIST, and followed: `version` is the transaction that changed a ledger last, so that a snapshot tells which changes somebody has not seen, also those that commit late.
alter table lineage alter column version set default pg_current_xact_id()::text::bigint;
-- Transactions by the 256: what is indexed changes seldom, so that ledgers that change often are updated within their page (HOT).
alter table lineage add column if not exists era bigint not null generated always as (version >> 8) stored;
create index if not exists lineage_era on lineage (era);

-- As in 022, but for the version.
create or replace function ledger_move(p_lineage text, p_amounts numeric[], p_held integer, p_sold integer, p_until timestamptz default null)
returns void language plpgsql as $$
declare
  moved numeric[] := array[p_amounts[1] * (p_held + p_sold), p_amounts[2] * (p_held + p_sold), p_amounts[3] * (p_held + p_sold),
    p_amounts[4] * (p_held + p_sold), p_amounts[5] * (p_held + p_sold)];
begin
  update lineage set
    held = array[held[1] + p_held * p_amounts[1], held[2] + p_held * p_amounts[2], held[3] + p_held * p_amounts[3],
      held[4] + p_held * p_amounts[4], held[5] + p_held * p_amounts[5]],
    sold = array[sold[1] + p_sold * p_amounts[1], sold[2] + p_sold * p_amounts[2], sold[3] + p_sold * p_amounts[3],
      sold[4] + p_sold * p_amounts[4], sold[5] + p_sold * p_amounts[5]],
    total = array[
      least(total[1], greatest(wanted[1], held[1] + sold[1] + moved[1])),
      least(total[2], greatest(wanted[2], held[2] + sold[2] + moved[2])),
      least(total[3], greatest(wanted[3], held[3] + sold[3] + moved[3])),
      least(total[4], greatest(wanted[4], held[4] + sold[4] + moved[4])),
      least(total[5], greatest(wanted[5], held[5] + sold[5] + moved[5]))],
    next_expiry = least(next_expiry, p_until),
    version = pg_current_xact_id()::text::bigint
  where id = p_lineage;
end $$;

-- Lineages that changed since a snapshot, all of them without one, those of `p_also` besides; so many after `p_after`. The fence keeps the planner from walking all lineages in their order.
create or replace function changed_lineages(p_since pg_snapshot, p_after text, p_most integer, p_also jsonb) returns setof text
language plpgsql stable rows 10 as $$
declare
  oldest bigint := pg_snapshot_xmin(p_since)::text::bigint;
begin
  if p_since is null then
    return query select id from lineage where id > p_after order by id limit p_most;
  else
    return query
      with recent as materialized (
        select id from lineage
        -- What is visible lies below the newest transaction; rows that were restored into a new server may not, and changed before whatever is asked for.
        where era >= oldest >> 8 and version >= oldest and version < pg_snapshot_xmax(pg_current_snapshot())::text::bigint and not pg_visible_in_snapshot(version::text::xid8, p_since)
        union
        select jsonb_array_elements_text(p_also)
      )
      select id from recent where id > p_after order by id limit p_most;
  end if;
end $$;
-- Plans are kept for as long as a connection lives, and most are made while the table is small.
alter function changed_lineages set enable_seqscan = off;
