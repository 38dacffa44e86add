-- Jobs: the row is the truth that people see; the queue (schema roundhouse_queue) only carries its id to a worker.
create table jobs (
  id uuid primary key,
  kind text not null check (length(kind) between 1 and 64),
  -- Null belongs to the house.
  owner_id uuid references users on delete cascade,
  status text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
  payload jsonb not null,
  -- For lists, which do not read what may be a megabyte.
  model_id text generated always as (payload ->> 'model_id') stored,
  result jsonb,
  -- {"code", "detail"}: why it failed, or why the attempt before this one did.
  error jsonb,
  progress_done bigint check (progress_done >= 0),
  progress_total bigint check (progress_total >= 0),
  progress_unit text,
  priority integer not null default 0 check (priority between -100 and 100),
  -- Since the job last got on: a step that is kept begins the count anew, as it does the next two.
  attempt integer not null default 0 check (attempt >= 0),
  max_attempts integer not null check (max_attempts >= 1),
  -- Attempts that ended with their process.
  crashes integer not null default 0 check (crashes >= 0),
  -- Attempts that ended because the database or the storage was away; they do not count.
  outages integer not null default 0 check (outages >= 0),
  -- Of the worker that has it, a new one each time it is taken: who holds an older one can write nothing more.
  claim uuid,
  -- The delivery that may begin it; others are of the past.
  ticket uuid not null,
  unique_key text check (length(unique_key) between 1 and 200),
  run_at timestamptz not null,
  request_id text,
  cancel_requested_at timestamptz,
  -- Whole milliseconds: pages are cut by it.
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  started_at timestamptz,
  finished_at timestamptz,
  -- What belongs to it goes first, and then the row: it is not begun anew any more.
  removing_at timestamptz,
  check ((status in ('done', 'failed', 'cancelled')) = (finished_at is not null))
);
create unique index jobs_unique on jobs (kind, unique_key)
  where unique_key is not null and status in ('queued', 'running');
create index jobs_by_age on jobs (created_at desc, id desc);
create index jobs_by_owner on jobs (owner_id, created_at desc, id desc);
create index jobs_failed on jobs (created_at desc, id desc) where status = 'failed';
create index jobs_cancelling on jobs (id) where status = 'running' and cancel_requested_at is not null;
create index jobs_finished on jobs (finished_at, id) where finished_at is not null;
create index jobs_unfinished on jobs (id) where status in ('queued', 'running');

-- What a finished step gave, so that it is not done again.
create table job_steps (
  job_id uuid not null references jobs on delete cascade,
  name text not null check (length(name) between 1 and 200),
  result jsonb not null,
  created_at timestamptz not null default now(),
  primary key (job_id, name)
);

-- Processes that work; each renews its row every few seconds.
create table workers (
  id uuid primary key,
  host text not null,
  pid integer not null,
  roles text[] not null,
  running integer not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);

alter table jobs enable row level security;
create policy jobs_read on jobs for select using ((select may_everything()) or owner_id = (select caller_id()));
-- For members only in a transaction of the server: the row says whether its work is paid, and can be run again.
create policy jobs_create on jobs for insert with check ((select may_everything())
  or (owner_id = (select caller_id()) and (select current_setting('roundhouse.server', true)) = 'on'));
create policy jobs_change on jobs for update using ((select is_system()));
create policy jobs_remove on jobs for delete using ((select is_system()));

alter table job_steps enable row level security;
create policy job_steps_system on job_steps for all using ((select is_system()));

alter table workers enable row level security;
create policy workers_system on workers for all using ((select is_system()));

grant select, insert, update, delete on jobs, job_steps, workers to roundhouse_app;
