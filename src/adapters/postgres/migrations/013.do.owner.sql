-- Whose schema this is: two node ids may derive one name, and would sell the same stock.
create table if not exists owner (
  id       text not null,
  only_one boolean primary key default true check (only_one)
);
