-- What happened, for ever. Rows are added only: triggers refuse all else to whoever does not switch them off, and the seals show what a superuser did who did.
create table if not exists event (
  id       bigint generated always as identity primary key,
  at       timestamptz not null,
  kind     text not null,
  contract text,
  peer     text,
  facts    jsonb not null
);
create index if not exists event_newest on event (at desc, id desc);
create index if not exists event_of_contract on event (contract, id) where contract is not null;

create or replace function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit is append-only: % of % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;

drop trigger if exists append_only on event;
create trigger append_only before update or delete on event for each row execute function refuse_audit_change();
drop trigger if exists never_emptied on event;
create trigger never_emptied before truncate on event for each statement execute function refuse_audit_change();
