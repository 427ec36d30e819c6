-- What one buyer has, for those whose operator limits it. What an open reservation costs an hour is known where a credit is set; a contract says it itself.
alter table hold add column if not exists hourly numeric;
alter table hold add column if not exists currency text;
create index if not exists living_sale_of_buyer on contract ((terms -> 'buyer' ->> 'id')) where role = 'seller' and state <> 'over';

-- Open reservations and living contracts, of one buyer or of all. Costs are rounded up to 10^-12, as `hourly` in money.ts does.
create or replace function buyer_holdings(p_buyer text)
returns table (buyer_id text, buyer jsonb, transaction text, sale boolean, amounts numeric[], hourly numeric, currency text) language plpgsql stable as $$
begin
  return query
    select h.buyer_id, h.buyer, h.transaction, false, h.amounts::numeric[], h.hourly, h.currency
    from hold h where (p_buyer is null or h.buyer_id = p_buyer) and h.state = 'held' and h.expires_at > clock_now()
    union all
    select h.buyer_id, h.buyer, h.transaction, true, h.amounts::numeric[],
      ceil((c.terms -> 'price' ->> 'amount')::numeric * 1000000000000 / case c.terms -> 'price' ->> 'period'
        when 'daily' then 24 when 'weekly' then 168 when 'monthly' then 730 when 'yearly' then 8760 else 1 end) / 1000000000000,
      upper(trim(c.terms -> 'price' ->> 'currency'))
    from contract c join hold h on h.transaction = c.transaction
    where c.role = 'seller' and c.state <> 'over' and (p_buyer is null or c.terms -> 'buyer' ->> 'id' = p_buyer);
end $$;
alter function buyer_holdings set enable_seqscan = off;

-- What a buyer has but for one transaction, and what that costs in one currency. Its reservations and purchases come one after the other from here on: what is free of its limits is given once.
create or replace function buyer_use(p_buyer text, p_currency text, p_except text, out contracts integer, out amounts numeric[], out hourly numeric)
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(current_schema() || '.hold.' || p_buyer, 0));
  select count(*) filter (where b.sale),
    array[coalesce(sum(b.amounts[1]), 0), coalesce(sum(b.amounts[2]), 0), coalesce(sum(b.amounts[3]), 0), coalesce(sum(b.amounts[4]), 0), coalesce(sum(b.amounts[5]), 0)],
    trim_scale(coalesce(sum(b.hourly) filter (where b.currency = p_currency), 0))
  into contracts, amounts, hourly from buyer_holdings(p_buyer) b where b.transaction is distinct from p_except;
end $$;

-- As in 022, and no more than the buyer may have: `p_limits` are cpu, memory, pods, storage, GPUs, contracts and the cost of an hour in `p_currency`, null where there is no limit. `reserve` stays for processes of before, until they are replaced.
create or replace function reserve_within(
  p_flavor text, p_buyer jsonb, p_key text, p_amounts numeric[], p_resources jsonb, p_transaction text, p_ttl_ms double precision,
  p_max_holds integer, p_limits numeric[], p_hourly numeric, p_currency text,
  out outcome text, out held_transaction text, out held_flavor text, out held_until timestamptz, out held_resources jsonb,
  out used_contracts integer, out used_amounts numeric[], out used_hourly numeric
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
  if p_max_holds is not null or p_limits is not null then
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
  if p_limits is not null then
    select * into used_contracts, used_amounts, used_hourly from buyer_use(p_buyer ->> 'id', p_currency, null);
    -- A null limit makes its comparison null, which is not true.
    if used_contracts + 1 > p_limits[6]
      or (p_amounts[1] > 0 and used_amounts[1] + p_amounts[1] > p_limits[1]) or (p_amounts[2] > 0 and used_amounts[2] + p_amounts[2] > p_limits[2])
      or (p_amounts[3] > 0 and used_amounts[3] + p_amounts[3] > p_limits[3]) or (p_amounts[4] > 0 and used_amounts[4] + p_amounts[4] > p_limits[4])
      or (p_amounts[5] > 0 and used_amounts[5] + p_amounts[5] > p_limits[5]) or (p_hourly > 0 and used_hourly + p_hourly > p_limits[7])
    then
      outcome := 'limit';
      return;
    end if;
  end if;
  binding := bind_cluster(p_buyer ->> 'clusterId', p_buyer ->> 'id');
  if binding <> 'bound' then
    outcome := binding;
    return;
  end if;

  insert into hold (transaction, lineage, flavor, buyer_id, buyer, key, resources, amounts, state, expires_at, hourly, currency)
  values (p_transaction, ledger.id, p_flavor, p_buyer ->> 'id', p_buyer, p_key, p_resources, p_amounts, 'held',
    clock_now() + p_ttl_ms * interval '1 millisecond', p_hourly, p_currency)
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
alter function reserve_within set enable_seqscan = off;
