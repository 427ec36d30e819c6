-- Tenants that stand, so that a sale need not ask the peering's workflow. A row goes before its tenant does, and only while nothing is sold to that buyer.
create table if not exists tenant (
  buyer text primary key
);
create index if not exists active_sale on contract ((terms ->> 'buyerCluster')) where role = 'seller' and state = 'active';
