-- What both parties signed, with their signatures; absent where the other party is a FLUIDOS node, which signs nothing.
alter table contract add column if not exists agreement jsonb;
