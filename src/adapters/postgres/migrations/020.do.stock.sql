-- Flavors that are made of the cluster change their amounts by themselves. What names their terms instead of the whole description, and the description that the next flavor of the lineage is made of; both
-- null where the description is the terms, as for one that was written by hand.
alter table lineage add column if not exists terms_key text;
alter table lineage add column if not exists description jsonb;

-- As before, but for a total above what the cluster has: it follows what is promised downwards when a hold that expired is swept, and so it is listed before that.
create or replace view stock as
  select l.id as lineage, l.on_sale, l.version, l.sold, e.count as expired,
    array[l.held[1] - e.cpu, l.held[2] - e.memory, l.held[3] - e.pods, l.held[4] - e.storage] as held,
    array[
      least(l.total[1] - l.held[1] - l.sold[1] + e.cpu, greatest(l.wanted[1] - l.held[1] - l.sold[1] + e.cpu, 0)),
      least(l.total[2] - l.held[2] - l.sold[2] + e.memory, greatest(l.wanted[2] - l.held[2] - l.sold[2] + e.memory, 0)),
      least(l.total[3] - l.held[3] - l.sold[3] + e.pods, greatest(l.wanted[3] - l.held[3] - l.sold[3] + e.pods, 0)),
      least(l.total[4] - l.held[4] - l.sold[4] + e.storage, greatest(l.wanted[4] - l.held[4] - l.sold[4] + e.storage, 0))] as free
  from lineage l cross join lateral (
    select count(*), coalesce(sum(amounts[1]), 0) as cpu, coalesce(sum(amounts[2]), 0) as memory, coalesce(sum(amounts[3]), 0) as pods,
      coalesce(sum(amounts[4]), 0) as storage
    from hold where l.next_expiry <= clock_now() and lineage = l.id and state = 'held' and expires_at <= clock_now()
  ) e;
