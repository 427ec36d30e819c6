-- What a node offered goes with it: whoever is asked no more offers nothing.
alter table peering_candidate drop constraint if exists peering_candidate_node_fkey;
delete from peering_candidate where node not in (select address from known_node);
alter table peering_candidate add foreign key (node) references known_node on delete cascade;
