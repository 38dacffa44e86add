-- Runs of the feed, for whoever looks after the data.
create view etl_run as
select
  id,
  cause,
  tick,
  input ->> 'from' as backfill_from,
  input ->> 'to' as backfill_to,
  status,
  rows_read,
  rows_written,
  started_at,
  finished_at,
  finished_at - started_at as duration,
  error ->> 'detail' as error
from roundhouse.task_runs
where task = 'prices';
