-- What the process that watches the cluster's ServiceBlueprint resources read of them, and why some are not on sale: for the processes that are asked.
create table if not exists read_blueprint (
  resource text primary key,
  read     jsonb not null
);
