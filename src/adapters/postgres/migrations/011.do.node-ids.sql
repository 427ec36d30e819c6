-- A node's id belongs to one address. Two that showed it in the same moment both got it, and each then refused the other for ever: whoever shares one shows it anew.
update known_node set node_id = null
where node_id in (select node_id from known_node group by node_id having count(*) > 1);
create unique index known_node_id on known_node (node_id) where node_id is not null;
