-- The one source of time in this schema. Tests replace it by one that stands still; nothing else here may ask the server for the time.
-- Stable within a statement, so that an index on a time can be used.
create function clock_now() returns timestamptz language sql stable as 'select statement_timestamp()';
