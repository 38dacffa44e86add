-- Runs of agents. A run is a row, its stream is a table that one can follow, and what it has done so far is its steps: from
-- these another process goes on when the first one dies.

create table threads (
  id uuid primary key,
  agent_id uuid not null references agents on delete cascade,
  owner_id uuid references users on delete cascade,
  -- What was said up to `summarised`, in short.
  summary text,
  summarised bigint not null default 0,
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  -- When a run last began or ended in it.
  used_at timestamptz not null default now()
);
create index threads_by_use on threads (used_at);
-- Agents and users are removed with their threads.
create index threads_by_agent on threads (agent_id);
create index threads_by_owner on threads (owner_id);

create table runs (
  id uuid primary key,
  -- Kept when the agent goes, for what was paid. A trusted backend also names agents that only it knows.
  agent_id uuid not null,
  -- Null is the draft.
  agent_version integer,
  -- Null belongs to the house.
  owner_id uuid references users on delete cascade,
  thread_id uuid references threads on delete set null,
  status text not null check (status in ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
  mode text not null check (mode in ('inline', 'worker', 'remote')),
  -- The agent as it was at the start, so that a change to it changes no run under way.
  config json not null,
  -- The messages it was given, and those before them that its thread remembered then.
  input json not null,
  memory json not null,
  -- Whether the caller pays; the secret backend's callers have paid themselves.
  is_charged boolean not null,
  -- Who took it; grows with each process that does. Who has an older one writes nothing more.
  attempt integer not null default 1,
  lease_until timestamptz,
  -- How often its process was gone since it last got on.
  crashes integer not null default 0,
  cancel_requested_at timestamptz,
  -- Of the last event when nobody has it; while a process has it, run_events know better.
  last_seq integer not null default 0,
  -- What came behind this event is not finished, and is said again when another process goes on.
  checkpoint_seq integer not null default 0,
  -- What the credential may that began it, so that who goes on with it may no more.
  rights jsonb not null,
  output text,
  stopped text check (stopped in ('answered', 'steps', 'tokens', 'seconds', 'credits')),
  error jsonb,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  is_estimated boolean not null default false,
  credits bigint not null default 0,
  cost_micros bigint not null default 0,
  first_token_ms real,
  request_id text,
  -- The span of the caller that the spans of the run stand below, as of W3C Trace Context.
  trace_parent text,
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  started_at timestamptz,
  finished_at timestamptz,
  -- When its events and what it was given were removed.
  pruned_at timestamptz,
  check ((status in ('done', 'failed', 'cancelled')) = (finished_at is not null))
);
create index runs_by_age on runs (created_at desc, id desc);
create index runs_by_owner on runs (owner_id, created_at desc, id desc);
create index runs_by_agent on runs (agent_id, created_at desc, id desc);
create index runs_by_thread on runs (thread_id, created_at) where thread_id is not null;
create index runs_leased on runs (lease_until) where status in ('queued', 'running');
-- What the plan of the owner limits.
create index runs_on_workers on runs (owner_id) where mode = 'worker' and status in ('queued', 'running');
create index runs_finished on runs (finished_at) where finished_at is not null and pruned_at is null;

-- `data` is the JSON text that readers are sent. No foreign key: its check would cost each event a look-up and a lock of
-- the run's row; that the run is there, and whose it is, is part of the statement that writes events. The number is the
-- fence between two processes that both believe to have a run: each begins behind the last number there is, so that only
-- one of them can go on.
create table run_events (
  run_id uuid not null,
  seq integer not null check (seq >= 1),
  data text not null,
  primary key (run_id, seq)
);

create function remove_run_events() returns trigger language plpgsql security definer
set search_path = roundhouse, pg_temp as $$
begin
  delete from run_events using removed where run_events.run_id = removed.id;
  return null;
end $$;
create trigger runs_remove_events after delete on runs
  referencing old table as removed for each statement execute function remove_run_events();

-- Trace and checkpoint in one: the conversation goes on from the messages of the steps that are done, in order.
create table run_steps (
  run_id uuid not null references runs on delete cascade,
  n integer not null,
  -- The turn of the loop it belongs to.
  step integer not null,
  kind text not null check (kind in ('llm', 'tool')),
  name text not null,
  status text not null check (status in ('running', 'done', 'failed')),
  attempt integer not null,
  -- Of a tool: the call it answers.
  call_id text,
  message json,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  is_estimated boolean not null default false,
  credits bigint not null default 0,
  cost_micros bigint not null default 0,
  first_token_ms real,
  error text,
  attributes jsonb not null default '{}',
  started_at timestamptz not null,
  ended_at timestamptz,
  primary key (run_id, n)
);

create table approvals (
  id uuid primary key,
  run_id uuid not null references runs on delete cascade,
  step integer not null,
  call_id text not null,
  tool text not null,
  arguments text not null,
  reason text not null check (reason in ('approval', 'interrupted')),
  approved boolean,
  note text,
  answered_by uuid references users on delete set null,
  answered_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
create index approvals_by_run on approvals (run_id);
create index approvals_open on approvals (expires_at) where answered_at is null;

create table thread_messages (
  thread_id uuid not null references threads on delete cascade,
  seq bigint generated always as identity,
  role text not null check (role in ('user', 'assistant', 'system')),
  content text not null,
  run_id uuid references runs on delete set null,
  created_at timestamptz not null default now(),
  primary key (thread_id, seq)
);
-- Users are removed with their runs.
create index thread_messages_by_run on thread_messages (run_id) where run_id is not null;

alter table threads enable row level security;
create policy threads_own on threads for all
  using ((select may_everything()) or owner_id = (select caller_id()))
  with check ((select may_everything()) or owner_id = (select caller_id()));

alter table runs enable row level security;
create policy runs_read on runs for select using ((select may_everything()) or owner_id = (select caller_id()));
create policy runs_create on runs for insert
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy runs_change on runs for update using ((select is_system()));
create policy runs_remove on runs for delete using ((select is_system()));

alter table run_events enable row level security;
create policy run_events_read on run_events for select
  using ((select is_system()) or exists (select from runs where runs.id = run_id));
create policy run_events_write on run_events for insert with check ((select is_system()));
create policy run_events_remove on run_events for delete using ((select is_system()));
alter table run_steps enable row level security;
create policy run_steps_read on run_steps for select
  using ((select may_everything()) or exists (select from runs where runs.id = run_id));
create policy run_steps_write on run_steps for all using ((select is_system()));
alter table approvals enable row level security;
create policy approvals_read on approvals for select
  using ((select is_system()) or exists (select from runs where runs.id = run_id));
create policy approvals_write on approvals for all using ((select is_system()));
alter table thread_messages enable row level security;
create policy thread_messages_read on thread_messages for select
  using ((select is_system()) or exists (select from threads where threads.id = thread_id));
create policy thread_messages_write on thread_messages for all using ((select is_system()));

grant select, insert, update, delete on threads, runs, run_events, run_steps, approvals, thread_messages to roundhouse_app;

-- Calls of a provider's model that no run made: /v1/chat/completions and /v1/embeddings. Written behind the reply. Ids are
-- UUIDv7. No foreign key: one user who is gone would keep the calls of all others from being written.
create table gateway_calls (
  id uuid primary key,
  user_id uuid,
  provider text not null,
  model text not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  is_estimated boolean not null,
  credits bigint not null,
  cost_micros bigint not null,
  first_token_ms real,
  duration_ms real not null,
  status text not null check (status in ('done', 'failed', 'cancelled')),
  error text,
  request_id text,
  created_at timestamptz not null
);
create index gateway_calls_by_age on gateway_calls using brin (created_at);

alter table gateway_calls enable row level security;
create policy gateway_calls_read on gateway_calls for select
  using ((select may_everything()) or user_id = (select caller_id()));
create policy gateway_calls_write on gateway_calls for insert with check ((select is_system()));
create policy gateway_calls_remove on gateway_calls for delete using ((select is_system()));

grant select, insert, delete on gateway_calls to roundhouse_app;

-- Credits of one run of an agent, beside those of its tokens and those the agent asks for.
alter table prices drop constraint prices_name_check,
  add constraint prices_name_check check (name in ('report', 'heavy-second', 'run'));
insert into prices (name) values ('run');

-- A step of a run holds under a name of its own, which no other step has: what was released or has expired is not held
-- anew. Calls of models are held under the key of the request, which the server forgets sooner than the hold.
alter policy credit_holds_forget on credit_holds using (
  (select is_system()) and status <> 'open'
  and (status = 'settled' or starts_with(reference, 'prediction:') or starts_with(reference, 'report:')
    or starts_with(reference, 'run:') or starts_with(reference, 'llm:') or starts_with(reference, 'embedding:')));
