-- When what is stuck was told last that this node answers; none since it was silent. Not `last_fault`: whoever asks a node clears that, before anybody was told.
alter table known_node add column poked_at timestamptz;
