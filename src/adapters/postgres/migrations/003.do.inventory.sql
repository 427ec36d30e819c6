-- Amounts are exact nano-units of cpu, memory, pods and storage, in this order. Arithmetic on them is written out: a function of a function in SQL
-- is called, not inlined, and RESERVE would spend half of its time there.
create domain amounts as numeric[] check (cardinality(value) = 4);

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
  -- No hold ends before. Who asks for expired holds looks here first: the planner takes a third of all holds for expired, and would read them all.
  next_expiry timestamptz not null default 'infinity',
  -- Grows with every change, so that an encoded list can be kept until it is out of date.
  version bigint not null default 1,
  constraint never_oversold check (
    held[1] + sold[1] <= total[1] and held[2] + sold[2] <= total[2] and held[3] + sold[3] <= total[3] and held[4] + sold[4] <= total[4]
  ),
  constraint never_negative check (0 <= all (held) and 0 <= all (sold))
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
-- `lineage is not null` keeps it out of questions that name no lineage: a plan made while the table was small read all of it to count a buyer's holds.
create index living_hold on hold (lineage, expires_at) where state = 'held' and lineage is not null;

-- Moves so many amounts to what is held and to what is sold (-1 takes them away). A total above what the cluster has follows what is promised
-- downwards, never up again; `p_until` is the end of a new hold. PL/pgSQL keeps its plan; a function in SQL would be planned at every call.
create function ledger_move(p_lineage text, p_amounts numeric[], p_held integer, p_sold integer, p_until timestamptz default null)
returns void language plpgsql as $$
declare
  moved numeric[] := array[p_amounts[1] * (p_held + p_sold), p_amounts[2] * (p_held + p_sold), p_amounts[3] * (p_held + p_sold),
    p_amounts[4] * (p_held + p_sold)];
begin
  update lineage set
    held = array[held[1] + p_held * p_amounts[1], held[2] + p_held * p_amounts[2], held[3] + p_held * p_amounts[3],
      held[4] + p_held * p_amounts[4]],
    sold = array[sold[1] + p_sold * p_amounts[1], sold[2] + p_sold * p_amounts[2], sold[3] + p_sold * p_amounts[3],
      sold[4] + p_sold * p_amounts[4]],
    total = array[
      least(total[1], greatest(wanted[1], held[1] + sold[1] + moved[1])),
      least(total[2], greatest(wanted[2], held[2] + sold[2] + moved[2])),
      least(total[3], greatest(wanted[3], held[3] + sold[3] + moved[3])),
      least(total[4], greatest(wanted[4], held[4] + sold[4] + moved[4]))],
    next_expiry = least(next_expiry, p_until),
    version = version + 1
  where id = p_lineage;
end $$;

-- The ledger as it is now: what has expired counts as free before it is swept.
create view stock as
  select l.id as lineage, l.on_sale, l.version, l.sold, e.count as expired,
    array[l.held[1] - e.cpu, l.held[2] - e.memory, l.held[3] - e.pods, l.held[4] - e.storage] as held,
    array[l.total[1] - l.held[1] - l.sold[1] + e.cpu, l.total[2] - l.held[2] - l.sold[2] + e.memory,
      l.total[3] - l.held[3] - l.sold[3] + e.pods, l.total[4] - l.held[4] - l.sold[4] + e.storage] as free
  from lineage l cross join lateral (
    select count(*), coalesce(sum(amounts[1]), 0) as cpu, coalesce(sum(amounts[2]), 0) as memory, coalesce(sum(amounts[3]), 0) as pods,
      coalesce(sum(amounts[4]), 0) as storage
    from hold where l.next_expiry <= clock_now() and lineage = l.id and state = 'held' and expires_at <= clock_now()
  ) e;

-- Turns expired holds into tombstones. The caller has locked the lineage's row: a CHECK cannot see the time.
create function sweep(p_lineage text) returns void language plpgsql as $$
declare
  gone numeric[];
begin
  with swept as (
    update hold set state = 'expired' where lineage = p_lineage and state = 'held' and expires_at <= clock_now() returning amounts
  )
  select array[sum(amounts[1]), sum(amounts[2]), sum(amounts[3]), sum(amounts[4])] into gone from swept having count(*) > 0;
  if found then
    perform ledger_move(p_lineage, gone, -1, 0);
  end if;
  update lineage set next_expiry = coalesce((select min(expires_at) from hold where lineage = p_lineage and state = 'held'), 'infinity')
  where id = p_lineage;
end $$;
alter function sweep set enable_seqscan = off;
