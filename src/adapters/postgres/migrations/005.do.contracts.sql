create table contract (
  id          text primary key,
  role        text not null check (role in ('buyer', 'seller')),
  transaction text not null,
  acquisition text,
  terms       jsonb not null,
  state       text not null check (state in ('active', 'ending', 'over')),
  ending      jsonb,
  created_at  timestamptz not null,
  constraint ends_for_a_reason check ((state = 'active') = (ending is null))
);
create unique index one_sale_per_transaction on contract (transaction) where role = 'seller';
create index contract_of_transaction on contract (transaction);
create index contract_of_acquisition on contract (acquisition) where role = 'buyer';

-- Allocations: what a contract takes up here, as type Node where the resources are, as type VirtualNode where they are used.
create table allocation (
  contract   text primary key references contract,
  type       text not null check (type in ('Node', 'VirtualNode')),
  state      text not null check (state in ('inactive', 'active', 'released')),
  resources  jsonb not null,
  changed_at timestamptz not null
);
