-- Amounts are exact nano-units of cpu, memory, pods and storage, in this order.
create domain amounts as numeric[] check (cardinality(value) = 4);

create function plus(a numeric[], b numeric[]) returns numeric[] language sql immutable
  return array[a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4]];
create function minus(a numeric[], b numeric[]) returns numeric[] language sql immutable
  return array[a[1] - b[1], a[2] - b[2], a[3] - b[3], a[4] - b[4]];
create function larger(a numeric[], b numeric[]) returns numeric[] language sql immutable
  return array[greatest(a[1], b[1]), greatest(a[2], b[2]), greatest(a[3], b[3]), greatest(a[4], b[4])];
create function smaller(a numeric[], b numeric[]) returns numeric[] language sql immutable
  return array[least(a[1], b[1]), least(a[2], b[2]), least(a[3], b[3]), least(a[4], b[4])];
create function covers(a numeric[], b numeric[]) returns boolean language sql immutable
  return a[1] >= b[1] and a[2] >= b[2] and a[3] >= b[3] and a[4] >= b[4];

-- The ledger of one configured flavor through all its generations. A sale retires rows of `flavor` that other holds name, so sums belong here.
create table lineage (
  id      text primary key,
  on_sale boolean not null,
  -- Counts the descriptions that were published: flavors of the same number have the same price and terms.
  terms   integer not null,
  -- What the cluster has, as configured last.
  wanted  amounts not null,
  -- What may be promised: `wanted`, or more for as long as more was promised before the cluster shrank.
  total   amounts not null,
  held    amounts not null default '{0,0,0,0}',
  sold    amounts not null default '{0,0,0,0}',
  -- Grows with every change, so that an encoded list can be kept until it is out of date.
  version bigint not null default 1,
  constraint never_oversold check (covers(total, plus(held, sold))),
  constraint never_negative check (covers(held, '{0,0,0,0}') and covers(sold, '{0,0,0,0}'))
);

-- Available Resources: one row a flavor; what a row says never changes, but for its state.
create table flavor (
  id          text primary key,
  lineage     text not null references lineage,
  parent      text references flavor,
  generation  integer not null,
  terms       integer not null,
  state       text not null check (state in ('living', 'retired', 'withdrawn')),
  -- The flavor as configured: price and resources of the whole.
  description jsonb not null,
  -- What there was to sell when this flavor was made.
  total       amounts not null,
  created_at  timestamptz not null,
  unique (lineage, generation)
);
create unique index one_living_flavor on flavor (lineage) where state = 'living';

-- Reservations. `released` and `expired` rows stay as tombstones; a tombstone of a key that never held anything names no flavor.
create table hold (
  id          bigint generated always as identity primary key,
  transaction text unique,
  lineage     text references lineage,
  flavor      text references flavor,
  buyer_id    text not null,
  buyer       jsonb,
  key         text,
  resources   jsonb,
  amounts     amounts,
  state       text not null check (state in ('held', 'sold', 'released', 'expired')),
  expires_at  timestamptz,
  contract    text,
  constraint whole check (
    state = 'released' or (transaction is not null and flavor is not null and lineage is not null and buyer is not null
      and resources is not null and amounts is not null and expires_at is not null)
  ),
  constraint sold_has_contract check ((state = 'sold') = (contract is not null))
);
create unique index one_hold_per_key on hold (buyer_id, key) where key is not null;
-- FLUIDOS buyers send no key: one living hold for each buyer and flavor, as the reference node keeps it.
create unique index one_hold_per_flavor on hold (buyer_id, flavor) where key is null and state = 'held';
create index living_hold_of_buyer on hold (buyer_id, expires_at) where state = 'held';
create index living_hold on hold (lineage, expires_at) where state = 'held';

-- Moves amounts in the ledger. A total above what the cluster has follows what is promised downwards, never up again.
create function ledger_move(p_lineage text, p_held numeric[], p_sold numeric[]) returns void language sql as $$
  update lineage set
    held = plus(held, p_held),
    sold = plus(sold, p_sold),
    total = smaller(total, larger(wanted, plus(plus(held, p_held), plus(sold, p_sold)))),
    version = version + 1
  where id = p_lineage;
$$;

create function sum_expired(p_lineage text) returns numeric[] language sql stable as $$
  select array[coalesce(sum(amounts[1]), 0), coalesce(sum(amounts[2]), 0), coalesce(sum(amounts[3]), 0), coalesce(sum(amounts[4]), 0)]
  from hold where lineage = p_lineage and state = 'held' and expires_at <= clock_now();
$$;

-- Turns expired holds into tombstones. The caller has locked the lineage's row: a CHECK cannot see the time.
create function sweep(p_lineage text) returns void language plpgsql as $$
declare
  gone numeric[];
begin
  if exists (select from hold where lineage = p_lineage and state = 'held' and expires_at <= clock_now()) then
    gone := sum_expired(p_lineage);
    update hold set state = 'expired' where lineage = p_lineage and state = 'held' and expires_at <= clock_now();
    perform ledger_move(p_lineage, minus('{0,0,0,0}', gone), '{0,0,0,0}');
  end if;
end $$;
