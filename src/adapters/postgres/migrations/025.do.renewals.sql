-- Later ends of a contract, each a document that both parties signed, and the last of them; its terms stay as they were signed.
alter table contract add column if not exists renewals jsonb;
alter table contract add column if not exists renewed_until text;
-- Its seller ends it early, and said so.
alter table contract add column if not exists notice jsonb;
