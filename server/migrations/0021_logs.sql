-- The log lines of every process, and what finds the parts of one request.

-- Ids are given and committed one batch after the other, under a lock: who has seen a line has seen all before it, so that
-- one may follow them by their ids.
create table log_lines (
  id bigint generated always as identity primary key,
  -- Who said it, and the how many-th line of that process it is: a batch that is sent again is kept once.
  process text not null,
  number bigint not null,
  at timestamptz not null,
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  event text not null,
  request_id text,
  user_id uuid,
  method text,
  path text,
  status smallint,
  duration_ms real,
  model text,
  -- What else it says. json, not jsonb: it is printed once, and read rarely.
  fields json,
  unique (process, number)
);
create index log_lines_by_time on log_lines (at desc, id desc);
create index log_lines_of_trouble on log_lines (at desc, id desc) where level in ('warn', 'error');
create index log_lines_by_request on log_lines (request_id, at desc, id desc) where request_id is not null;

alter table log_lines enable row level security;
create policy log_lines_read on log_lines for select using ((select may_everything()));
create policy log_lines_write on log_lines for insert with check ((select is_system()));
create policy log_lines_remove on log_lines for delete using ((select is_system()));

grant select, insert, delete on log_lines to roundhouse_app;

-- Of the request it was made in, as the claims of its transaction have it.
alter table reports add column request_id text default (claims() ->> 'request_id');

create index jobs_by_request on jobs (request_id) where request_id is not null;
create index runs_by_request on runs (request_id) where request_id is not null;
create index predictions_by_request on predictions (request_id) where request_id is not null;
create index gateway_calls_by_request on gateway_calls (request_id) where request_id is not null;
create index reports_by_request on reports (request_id) where request_id is not null;
create index credit_entries_by_request on credit_entries (request_id)
  where request_id is not null and account = 'user';
create index audit_entries_by_request on audit_entries (request_id) where request_id is not null;
