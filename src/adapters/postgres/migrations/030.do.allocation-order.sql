-- Allocations are listed in the order of their contracts, which never changes: no question sorts them by their last change any more, and each change wrote this index.
drop index if exists allocation_newest;
