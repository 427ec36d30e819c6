-- Known Nodes: whom we ask for flavors.
create table known_node (
  address      text primary key,
  node_id      text,
  domain       text,
  cluster_id   text,
  dialect      text check (dialect in ('fluidos', 'rearguard')),
  source       text not null check (source in ('configuration', 'operator')),
  last_seen_at timestamptz,
  last_fault   text
);

-- A Liqo cluster id belongs to the node that showed it first, for good: whoever claims it later could write into the other's namespaces.
create table cluster_identity (
  cluster_id text primary key,
  node_id    text not null,
  seen_at    timestamptz not null
);

-- Answers bound, taken (another node's id) or clashing (an id that ends with `-` and a known one, or the reverse: with `south` its owner could
-- write the names of `deep-south`). One at a time, since two ids that clash with each other may arrive together.
create function bind_cluster(p_cluster text, p_node text) returns text language plpgsql as $$
declare
  owner text;
begin
  select node_id into owner from cluster_identity where cluster_id = p_cluster;
  if not found then
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '.cluster_identity', 0));
    select node_id into owner from cluster_identity where cluster_id = p_cluster;
    if not found then
      if exists (
        select from cluster_identity
        where right(cluster_id, length(p_cluster) + 1) = '-' || p_cluster or right(p_cluster, length(cluster_id) + 1) = '-' || cluster_id
      ) then
        return 'clashing';
      end if;
      insert into cluster_identity values (p_cluster, p_node, clock_now());
      return 'bound';
    end if;
  end if;
  return case when owner = p_node then 'bound' else 'taken' end;
end $$;
