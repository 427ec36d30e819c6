-- A list shows the status alone: the rest of a record, its journal above all, is many times larger and kept out of line.
alter table intent add column status jsonb not null generated always as (record -> 'status') stored;
create index intent_newest on intent (started_at desc, name);
