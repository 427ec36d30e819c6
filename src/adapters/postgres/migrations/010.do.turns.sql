-- Whose turn it is to buy a flavor of a FLUIDOS seller, which knows a transaction by (buyer, flavor) alone.
create table turn (
  place       text primary key,
  key         text not null,
  transaction text,
  ends_at     timestamptz not null
);
create index turn_of_key on turn (key);
