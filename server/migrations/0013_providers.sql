-- Providers of language models, as administrators have set them. Their keys are secrets named `provider.<name>`.

create table providers (
  name text primary key check (name ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  kind text not null check (kind in ('openai', 'anthropic', 'google')),
  -- Null is the vendor's own; many speak as OpenAI does.
  base_url text check (length(base_url) between 1 and 2000),
  models jsonb not null check (jsonb_typeof(models) = 'array'),
  -- `<provider>/<model>` each, in the order they are tried.
  fallbacks jsonb not null check (jsonb_typeof(fallbacks) = 'array'),
  -- Calls under way at a time, of each process.
  max_concurrent integer not null check (max_concurrent > 0),
  connect_timeout_ms integer not null check (connect_timeout_ms > 0),
  first_token_timeout_ms integer not null check (first_token_timeout_ms > 0),
  idle_timeout_ms integer not null check (idle_timeout_ms > 0),
  is_enabled boolean not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (base_url is not null or kind <> 'openai')
);

alter table providers enable row level security;
create policy providers_admin on providers for all using ((select may_everything()));

grant select, insert, update, delete on providers to roundhouse_app;
