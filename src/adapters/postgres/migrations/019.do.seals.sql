-- The chain over the events: a row each, made with its event and empty until it is sealed. An event that commits late is simply sealed late, so that no sealer has to know which transactions still run.
create table if not exists seal (
  event bigint primary key,
  seq   bigint unique,
  hash  bytea,
  constraint sealed_whole check ((seq is null) = (hash is null))
);
create index if not exists seal_waiting on seal (event) where seq is null;
insert into seal (event) select id from event on conflict do nothing;

create or replace function await_seal() returns trigger language plpgsql as $$
begin
  insert into seal (event) values (new.id);
  return null;
end $$;
drop trigger if exists await_seal on event;
create trigger await_seal after insert on event for each row execute function await_seal();

drop trigger if exists sealed_once on seal;
create trigger sealed_once before update on seal for each row when (old.seq is not null or new.event <> old.event) execute function refuse_audit_change();
drop trigger if exists append_only on seal;
create trigger append_only before delete on seal for each row execute function refuse_audit_change();
drop trigger if exists never_emptied on seal;
create trigger never_emptied before truncate on seal for each statement execute function refuse_audit_change();
