-- Of a blueprint, an instance is a pod's worth of amounts: `{0,0,1000000000,0,0}`, so that its ledger is one like any other. How it is to be configured, with its secrets, until it is made or over.
alter table hold add column if not exists service jsonb;

-- As before, but for the configuration, which goes with the hold.
create or replace function sweep(p_lineage text) returns void language plpgsql as $$
declare
  gone numeric[];
begin
  with swept as (
    update hold set state = 'expired', service = null where lineage = p_lineage and state = 'held' and expires_at <= clock_now() returning amounts
  )
  select array[sum(amounts[1]), sum(amounts[2]), sum(amounts[3]), sum(amounts[4]), sum(amounts[5])] into gone from swept having count(*) > 0;
  if found then
    perform ledger_move(p_lineage, gone, -1, 0);
  end if;
  update lineage set next_expiry = coalesce((select min(expires_at) from hold where lineage = p_lineage and state = 'held'), 'infinity')
  where id = p_lineage;
end $$;
alter function sweep set enable_seqscan = off;
