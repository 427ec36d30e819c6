-- Anybody can make a row here: one signature from an address of its own. Those that nobody deals with are forgotten, the longest unheard first (see `prune` in known-signers.ts).
alter table signing_node add column if not exists heard timestamptz not null default clock_now();
create index if not exists signing_node_heard on signing_node (heard);

-- As before, and `heard` follows, by the day.
create or replace function hear_signer(at_address text, of_node text, pinned boolean, of_nonce text, keep_ms double precision) returns text
language plpgsql as $$
declare
  owner text;
  last  timestamptz;
begin
  select heard into last from signing_node where address = at_address and (of_node is null or node_id = of_node);
  if last is null and of_node is null then
    insert into signing_node (address) values (at_address) on conflict do nothing;
  elsif last is null then
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
    insert into signing_node (address, node_id) values (at_address, of_node) on conflict (address) do update set node_id = excluded.node_id, heard = excluded.heard;
  else
    -- Nothing but a nonce is written, and when by the day: a crash of the server may forget the last moment's.
    perform set_config('synchronous_commit', 'off', true);
    if last < clock_now() - interval '1 day' then
      update signing_node set heard = clock_now() where address = at_address;
    end if;
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
