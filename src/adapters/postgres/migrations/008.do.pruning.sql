-- What nobody can ask for any more is deleted by age (see `prune` in inventory.ts). Rows of before count as made now.
alter table hold add column made_at timestamptz not null default clock_now();
create index tombstone on hold (made_at) where state in ('released', 'expired');
create index contract_of_buyers_cluster on contract ((terms ->> 'buyerCluster'));
create index contract_of_sellers_cluster on contract ((terms ->> 'sellerCluster'));

-- As before, and `seen_at` follows, by the hour: an id that nobody ever bought with is let go when it was not shown for long. Whoever shows it while it is
-- being deleted waits for that, and binds it anew.
create or replace function bind_cluster(p_cluster text, p_node text) returns text language plpgsql as $$
declare
  known cluster_identity;
begin
  select * into known from cluster_identity where cluster_id = p_cluster;
  if found and known.node_id <> p_node then
    return 'taken';
  end if;
  if found then
    if known.seen_at > clock_now() - interval '1 hour' then
      return 'bound';
    end if;
    update cluster_identity set seen_at = clock_now() where cluster_id = p_cluster and node_id = p_node;
    if found then
      return 'bound';
    end if;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(current_schema() || '.cluster_identity', 0));
  select * into known from cluster_identity where cluster_id = p_cluster;
  if found then
    return case when known.node_id = p_node then 'bound' else 'taken' end;
  end if;
  if exists (
    select from cluster_identity
    where right(cluster_id, length(p_cluster) + 1) = '-' || p_cluster or right(p_cluster, length(cluster_id) + 1) = '-' || cluster_id
  ) then
    return 'clashing';
  end if;
  insert into cluster_identity values (p_cluster, p_node, clock_now());
  return 'bound';
end $$;
