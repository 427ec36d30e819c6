-- What was told last of what all processes of a node see: the audit is long, and few of its events are of this kind.
create index if not exists event_of_enforcement on event (id desc) where kind = 'enforcement';
