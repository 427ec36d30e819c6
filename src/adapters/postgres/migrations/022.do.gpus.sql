-- GPUs are an amount like the others: the fifth. What was stored before had none. A process of before writes four, which the domain refuses: it sells nothing until it is replaced.
alter domain amounts drop constraint if exists amounts_check;
alter table lineage drop constraint if exists never_oversold;
update lineage set wanted = wanted || 0::numeric, total = total || 0::numeric, held = held || 0::numeric, sold = sold || 0::numeric where cardinality(wanted) = 4;
update flavor set total = total || 0::numeric where cardinality(total) = 4;
update hold set amounts = amounts || 0::numeric where cardinality(amounts) = 4;
alter domain amounts add constraint amounts_check check (cardinality(value) = 5);
alter table lineage alter column held set default '{0,0,0,0,0}', alter column sold set default '{0,0,0,0,0}';
alter table lineage add constraint never_oversold check (
  held[1] + sold[1] <= total[1] and held[2] + sold[2] <= total[2] and held[3] + sold[3] <= total[3] and held[4] + sold[4] <= total[4]
    and held[5] + sold[5] <= total[5]
);

-- As before, of five amounts.
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
    version = version + 1
  where id = p_lineage;
end $$;

create or replace view stock as
  select l.id as lineage, l.on_sale, l.version, l.sold, e.count as expired,
    array[l.held[1] - e.cpu, l.held[2] - e.memory, l.held[3] - e.pods, l.held[4] - e.storage, l.held[5] - e.gpu] as held,
    array[
      least(l.total[1] - l.held[1] - l.sold[1] + e.cpu, greatest(l.wanted[1] - l.held[1] - l.sold[1] + e.cpu, 0)),
      least(l.total[2] - l.held[2] - l.sold[2] + e.memory, greatest(l.wanted[2] - l.held[2] - l.sold[2] + e.memory, 0)),
      least(l.total[3] - l.held[3] - l.sold[3] + e.pods, greatest(l.wanted[3] - l.held[3] - l.sold[3] + e.pods, 0)),
      least(l.total[4] - l.held[4] - l.sold[4] + e.storage, greatest(l.wanted[4] - l.held[4] - l.sold[4] + e.storage, 0)),
      least(l.total[5] - l.held[5] - l.sold[5] + e.gpu, greatest(l.wanted[5] - l.held[5] - l.sold[5] + e.gpu, 0))] as free
  from lineage l cross join lateral (
    select count(*), coalesce(sum(amounts[1]), 0) as cpu, coalesce(sum(amounts[2]), 0) as memory, coalesce(sum(amounts[3]), 0) as pods,
      coalesce(sum(amounts[4]), 0) as storage, coalesce(sum(amounts[5]), 0) as gpu
    from hold where l.next_expiry <= clock_now() and lineage = l.id and state = 'held' and expires_at <= clock_now()
  ) e;

create or replace function sweep(p_lineage text) returns void language plpgsql as $$
declare
  gone numeric[];
begin
  with swept as (
    update hold set state = 'expired' where lineage = p_lineage and state = 'held' and expires_at <= clock_now() returning amounts
  )
  select array[sum(amounts[1]), sum(amounts[2]), sum(amounts[3]), sum(amounts[4]), sum(amounts[5])] into gone from swept having count(*) > 0;
  if found then
    perform ledger_move(p_lineage, gone, -1, 0);
  end if;
  update lineage set next_expiry = coalesce((select min(expires_at) from hold where lineage = p_lineage and state = 'held'), 'infinity')
  where id = p_lineage;
end $$;
alter function sweep set enable_seqscan = off;

create or replace function reserve(
  p_flavor text, p_buyer jsonb, p_key text, p_amounts numeric[], p_resources jsonb, p_transaction text, p_ttl_ms double precision,
  p_max_holds integer,
  out outcome text, out held_transaction text, out held_flavor text, out held_until timestamptz, out held_resources jsonb
) language plpgsql as $$
declare
  named  record;
  ledger record;
  found_hold record;
  binding text;
begin
  select lineage, terms into named from flavor where id = p_flavor;
  if not found then
    outcome := 'unknown';
    return;
  end if;
  if p_max_holds is not null then
    -- A buyer's holds are counted over all flavors: one of its calls after the other, and this lock always before the ledger's.
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '.hold.' || (p_buyer ->> 'id'), 0));
  end if;
  select * into ledger from lineage where id = named.lineage for update;
  if ledger.next_expiry <= clock_now() then
    perform sweep(ledger.id);
    select * into ledger from lineage where id = named.lineage;
  end if;

  if p_key is null then
    select * into found_hold from hold where buyer_id = p_buyer ->> 'id' and flavor = p_flavor and key is null and state = 'held';
  else
    select * into found_hold from hold where buyer_id = p_buyer ->> 'id' and key = p_key;
  end if;
  if found then
    outcome := case
      when found_hold.state not in ('held', 'sold') then 'released'
      when p_key is not null and (found_hold.flavor <> p_flavor or found_hold.amounts <> p_amounts) then 'key-used'
      else 'held'
    end;
    held_transaction := found_hold.transaction;
    held_flavor := found_hold.flavor;
    held_until := found_hold.expires_at;
    held_resources := found_hold.resources;
    return;
  end if;

  if not ledger.on_sale or ledger.terms <> named.terms then
    outcome := 'gone';
    return;
  end if;
  if ledger.held[1] + ledger.sold[1] + p_amounts[1] > ledger.total[1] or ledger.held[2] + ledger.sold[2] + p_amounts[2] > ledger.total[2]
    or ledger.held[3] + ledger.sold[3] + p_amounts[3] > ledger.total[3] or ledger.held[4] + ledger.sold[4] + p_amounts[4] > ledger.total[4]
    or ledger.held[5] + ledger.sold[5] + p_amounts[5] > ledger.total[5]
  then
    outcome := 'not-enough';
    return;
  end if;
  if p_max_holds is not null and exists (
    select from hold where buyer_id = p_buyer ->> 'id' and state = 'held' and expires_at > clock_now() offset greatest(p_max_holds, 1) - 1
  ) then
    outcome := 'too-many';
    return;
  end if;
  binding := bind_cluster(p_buyer ->> 'clusterId', p_buyer ->> 'id');
  if binding <> 'bound' then
    outcome := binding;
    return;
  end if;

  insert into hold (transaction, lineage, flavor, buyer_id, buyer, key, resources, amounts, state, expires_at)
  values (p_transaction, ledger.id, p_flavor, p_buyer ->> 'id', p_buyer, p_key, p_resources, p_amounts, 'held',
    clock_now() + p_ttl_ms * interval '1 millisecond')
  on conflict (buyer_id, key) where key is not null do nothing
  returning transaction, flavor, expires_at, resources into held_transaction, held_flavor, held_until, held_resources;
  if not found then
    -- That key was released while we looked.
    outcome := 'released';
    return;
  end if;
  perform ledger_move(ledger.id, p_amounts, 1, 0, held_until);
  outcome := 'held';
end $$;
-- Plans are kept for as long as a connection lives, and most are made while the table is small.
alter function reserve set enable_seqscan = off;
