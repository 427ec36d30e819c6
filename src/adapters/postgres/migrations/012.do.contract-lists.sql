-- Contracts and allocations are kept for ever: what lists and the reconciliation read must not grow with them. Newest first; living ones alone.
create index if not exists contract_newest on contract (created_at desc, id);
create index if not exists contract_living on contract (created_at desc, id) where state <> 'over';
create index if not exists allocation_newest on allocation (changed_at desc, contract);
create index if not exists allocation_living on allocation (changed_at desc, contract) where state <> 'released';
