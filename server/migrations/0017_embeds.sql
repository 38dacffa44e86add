-- Published agents on the pages of others: public keys that are bound to origins and limits, and what was asked by them.

create table embeds (
  id uuid primary key,
  agent_id uuid not null references agents on delete cascade,
  -- Whose rights its runs have where the agent is the house's, which has no user. Null has none, and is answered nothing.
  created_by uuid references users on delete set null,
  -- Stands in the source of every page that uses it, so that there is nothing to hide: it is kept as it is.
  key text not null unique check (key ~ '^rhe_[A-Za-z0-9_-]{32}$'),
  name text not null check (length(name) between 1 and 200),
  enabled boolean not null default true,
  -- As browsers write them; a label `*` in the first place stands for one or more.
  origins text[] not null,
  -- Also on the agent's own page, for those who are not signed in.
  share_page boolean not null default false,
  -- What the runs may reach, in the name of the agent's owner, or of who made the embed.
  scopes text[] not null,
  -- How much visitors see of the tools.
  tools text not null check (tools in ('hidden', 'names', 'full')),
  -- Whether visitors answer what a run asks a person for.
  approvals boolean not null default false,
  -- Of one visitor, then of all.
  runs_per_minute integer not null check (runs_per_minute >= 1),
  runs_per_visitor integer not null check (runs_per_visitor >= 1),
  runs_per_day integer not null check (runs_per_day >= 1),
  -- Null is no limit.
  credits_per_day bigint check (credits_per_day >= 0),
  theme jsonb not null,
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  updated_at timestamptz not null default date_trunc('milliseconds', now())
);
create index embeds_by_agent on embeds (agent_id, id);
-- Users are removed with what they made.
create index embeds_by_maker on embeds (created_by) where created_by is not null;
-- Of two the page would not know which.
create unique index embeds_share_page on embeds (agent_id) where share_page;

-- Which visitor a run belongs to. To the rest of the server it is the run of the user whose rights it has.
create table embed_runs (
  run_id uuid primary key references runs on delete cascade,
  embed_id uuid not null references embeds on delete cascade,
  visitor_id uuid not null,
  created_at timestamptz not null default now()
);
create index embed_runs_by_time on embed_runs (embed_id, created_at);

alter table embeds enable row level security;
create policy embeds_of_manager on embeds for all
  using ((select may_everything())
    or exists (select from agents where agents.id = agent_id and agents.owner_id = (select caller_id())))
  with check ((select may_everything())
    or exists (select from agents where agents.id = agent_id and agents.owner_id = (select caller_id())));

alter table embed_runs enable row level security;
create policy embed_runs_of_system on embed_runs for all using ((select is_system())) with check ((select is_system()));

grant select, insert, update, delete on embeds to roundhouse_app;
grant select, insert on embed_runs to roundhouse_app;
