-- What is made of flavors whose blueprints are not in the configuration, for each of the terms under which they were published: a contract finds the one that it was sold by.
create table if not exists kept_blueprint (
  lineage   text not null,
  terms     integer not null,
  blueprint jsonb not null,
  primary key (lineage, terms)
);
