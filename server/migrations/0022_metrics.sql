-- What each process measured, in slots of time. Fine slots are kept for a day, coarse ones (is_coarse) as long as the
-- setting says: whoever looks at a week reads a twentieth.

create table metric_samples (
  -- The beginning of the slot, a multiple of its length.
  at timestamptz not null,
  is_coarse boolean not null,
  process uuid not null,
  requests integer not null,
  client_errors integer not null,
  server_errors integer not null,
  -- Of answers that are no streams: how many took how long, by kit/latency.ts. Only buckets that hold any.
  latency_buckets smallint[] not null,
  latency_counts integer[] not null,
  predictions integer not null,
  failed_predictions integer not null,
  cache_hits integer not null,
  cache_misses integer not null,
  runs integer not null,
  failed_runs integer not null,
  jobs integer not null,
  failed_jobs integer not null,
  -- The highest that was seen. Null where this process does not know.
  runs_active integer,
  queue_waiting integer,
  queue_oldest_seconds real,
  event_loop_p99_ms real not null,
  memory_bytes bigint not null,
  pool_used integer not null,
  pool_waiting integer not null,
  models_loaded integer not null,
  database_bytes bigint,
  primary key (is_coarse, at, process)
);

-- Calls of one model in a slot; no row for a slot without any. No foreign key: rows of a deleted model go with their age.
create table model_samples (
  model_id uuid not null,
  at timestamptz not null,
  is_coarse boolean not null,
  process uuid not null,
  calls integer not null,
  errors integer not null,
  cache_hits integer not null,
  -- Time in the model of the calls that were computed.
  time_buckets smallint[] not null,
  time_counts integer[] not null,
  primary key (model_id, is_coarse, at, process)
);
create index model_samples_by_age on model_samples using brin (at);

alter table metric_samples enable row level security;
create policy metric_samples_read on metric_samples for select using ((select may_everything()));
create policy metric_samples_write on metric_samples for insert with check ((select is_system()));
create policy metric_samples_remove on metric_samples for delete using ((select is_system()));

alter table model_samples enable row level security;
-- Whoever sees the model: numbers alone, as its statistics are.
create policy model_samples_read on model_samples for select
  using ((select is_system()) or exists (select from models where models.id = model_id));
create policy model_samples_write on model_samples for insert with check ((select is_system()));
create policy model_samples_remove on model_samples for delete using ((select is_system()));

grant select, insert, delete on metric_samples, model_samples to roundhouse_app;

-- The last failures, and what was spent since midnight, without reading all that went well.
create index runs_failed on runs (created_at desc, id desc) where status = 'failed';
create index credit_entries_by_age on credit_entries using brin (created_at);
