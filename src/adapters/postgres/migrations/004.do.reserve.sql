-- RESERVE in one round trip. Answers why not instead of raising, so that a refusal costs no rollback; the lineage's row is the lock.
create function reserve(
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
