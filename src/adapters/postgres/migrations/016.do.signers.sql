-- Which nodes sign, and since when: one that does is never again taken for one that cannot. An id belongs to the address that signed by it first.
create table if not exists signing_node (
  address text primary key,
  node_id text unique,
  since   timestamptz not null default clock_now()
);
-- Nonces of signatures, for as long as their signatures count.
create table if not exists seen_nonce (
  address text not null,
  nonce   text not null,
  until   timestamptz not null,
  primary key (address, nonce)
);
create index if not exists seen_nonce_until on seen_nonce (until);

-- One question for all that a verified signature means: 'taken', 'replayed', 'heard', or 'again' after a race.
create or replace function hear_signer(at_address text, of_node text, pinned boolean, of_nonce text, keep_ms double precision) returns text
language plpgsql as $$
declare
  owner text;
begin
  if of_node is null then
    insert into signing_node (address) values (at_address) on conflict do nothing;
  elsif not exists (select from signing_node where address = at_address and node_id = of_node) then
    -- A node that calls for the first time says much at once: one after the other, or its own calls would be in each other's way.
    perform pg_advisory_xact_lock(hashtextextended(current_schema() || '.signer.' || of_node, 0));
    select address into owner from signing_node where node_id = of_node for update;
    if owner is null then
      -- One that our operator named, and that was asked there, is known by then though it never called; how it is dialled is no part of where it is.
      select regexp_replace(lower(address), '^https?://', '') into owner from known_node where node_id = of_node;
    end if;
    if owner <> at_address and not pinned then
      return 'taken';
    end if;
    if pinned then
      -- Not otherwise: somebody may have shown it since we looked, and it is his.
      update signing_node set node_id = null where node_id = of_node;
    end if;
    insert into signing_node (address, node_id) values (at_address, of_node) on conflict (address) do update set node_id = excluded.node_id;
  else
    -- Nothing but a nonce is written: a crash of the server may forget the last moment's.
    perform set_config('synchronous_commit', 'off', true);
  end if;
  if of_nonce is null then
    return 'heard';
  end if;
  delete from seen_nonce where ctid in (select ctid from seen_nonce where until < clock_now() limit 20 for update skip locked);
  insert into seen_nonce (address, nonce, until) values (at_address, of_nonce, clock_now() + keep_ms * interval '1 millisecond') on conflict do nothing;
  return case when found then 'heard' else 'replayed' end;
exception when unique_violation then
  -- Somebody else showed this id for the first time in the same moment: who has it is known by the next question.
  return 'again';
end
$$;
