-- Tasks: what the schedules of roundhouse.config.ts have come to, and the history of runs.

-- The one clock that schedules go by, whatever the clocks of the processes say. Tests turn it.
create function schedule_now() returns timestamptz language sql stable as 'select pg_catalog.now()';

create table tasks (
  name text primary key check (name ~ '^[a-z][a-z0-9-]{0,63}$'),
  -- As the process that was started last declares it.
  schedule text,
  timezone text not null,
  paused boolean not null default false,
  -- Ticks up to this one were run, passed over or missed.
  last_tick timestamptz not null,
  ticks_passed_over bigint not null default 0
);

create table task_runs (
  id uuid primary key,
  task text not null references tasks,
  -- `missed`: caught up, because no process ran at that moment.
  cause text not null check (cause in ('schedule', 'missed', 'manual')),
  -- The moment that the schedule named.
  tick timestamptz check ((tick is null) = (cause = 'manual')),
  input jsonb not null default '{}',
  -- The run outlives its job.
  job_id uuid not null unique,
  status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
  rows_read bigint not null default 0 check (rows_read >= 0),
  rows_written bigint not null default 0 check (rows_written >= 0),
  error jsonb,
  -- Whole milliseconds: pages are cut by it.
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  started_at timestamptz,
  finished_at timestamptz,
  unique (task, tick)
);
create index task_runs_by_age on task_runs (task, created_at desc, id desc);
create index task_runs_finished on task_runs (finished_at);

alter table tasks enable row level security;
create policy tasks_read on tasks for select using ((select may_everything()));
create policy tasks_create on tasks for insert with check ((select is_system()));
create policy tasks_change on tasks for update using ((select may_everything()));

alter table task_runs enable row level security;
create policy task_runs_read on task_runs for select using ((select may_everything()));
create policy task_runs_create on task_runs for insert with check ((select may_everything()));
create policy task_runs_change on task_runs for update using ((select is_system()));
create policy task_runs_remove on task_runs for delete using ((select is_system()));

grant select, insert, update on tasks to roundhouse_app;
grant select, insert, update, delete on task_runs to roundhouse_app;
