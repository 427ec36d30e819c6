-- Peering Candidates: what other nodes offered when they were asked last.
create table peering_candidate (
  node      text not null,
  flavor_id text not null,
  candidate jsonb not null,
  seen_at   timestamptz not null,
  primary key (node, flavor_id)
);

-- A projection of the intents' workflows, so that lists and ended intents can be read without them.
create table intent (
  name       text primary key,
  record     jsonb not null,
  started_at timestamptz not null,
  saved_at   timestamptz not null
);
