-- Agents: a draft that its owner changes, and the versions that were made of it. Runs begin with a version, or with the draft.

create table agents (
  id uuid primary key,
  -- Null belongs to the house.
  owner_id uuid references users on delete cascade,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,63}$'),
  name text not null check (length(name) between 1 and 200),
  description text,
  visibility text not null default 'private' check (visibility in ('private', 'users', 'public')),
  -- What everyone who may call the agent is answered by; null while it is not published.
  published_version integer,
  -- Of that version: others are told of it and not of the draft's.
  published_price bigint,
  is_published boolean not null generated always as (published_version is not null) stored,
  -- json, not jsonb: a model writes the fields of an answer in the order in which its schema has them.
  draft json not null,
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  updated_at timestamptz not null default date_trunc('milliseconds', now()),
  check ((published_version is null) = (published_price is null))
);
-- Lists, newest first: what one owns, and what is shared. Ids are in the order of time.
create index agents_by_owner on agents (owner_id, id desc);
create index agents_shared on agents (id desc)
  where published_version is not null and visibility in ('users', 'public');

create table agent_versions (
  agent_id uuid not null references agents on delete cascade,
  version integer not null check (version >= 1),
  config json not null,
  -- No foreign key: a version stays as it was made when they are gone.
  created_by uuid,
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  primary key (agent_id, version)
);
alter table agents add constraint agents_published_version
  foreign key (id, published_version) references agent_versions (agent_id, version);

create function refuse_version_change() returns trigger language plpgsql set search_path = roundhouse, pg_temp as $$
begin
  raise exception 'version % of agent % never changes', old.version, old.agent_id using errcode = '42501';
end $$;
create trigger agent_versions_never_change before update on agent_versions
  for each row execute function refuse_version_change();

alter table agents enable row level security;
create policy agents_read on agents for select using (
  (select may_everything()) or owner_id = (select caller_id())
  or (published_version is not null
    and (visibility = 'public' or (visibility = 'users' and (select is_signed_in())))));
create policy agents_create on agents for insert
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy agents_change on agents for update
  using ((select may_everything()) or owner_id = (select caller_id()))
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy agents_remove on agents for delete
  using ((select may_everything()) or owner_id = (select caller_id()));

-- Prompts and knowledge are for those who may change the agent.
alter table agent_versions enable row level security;
create policy agent_versions_read on agent_versions for select using (
  (select may_everything())
  or exists (select from agents where agents.id = agent_id and agents.owner_id = (select caller_id())));
create policy agent_versions_create on agent_versions for insert with check (
  (select may_everything())
  or exists (select from agents where agents.id = agent_id and agents.owner_id = (select caller_id())));

grant select, insert, update, delete on agents to roundhouse_app;
-- They go with their agent, and only then.
grant select, insert on agent_versions to roundhouse_app;
