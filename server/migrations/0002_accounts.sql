-- Accounts, keys, ownership, secrets and the audit log; row-level security over everything that belongs to someone.
--
-- Requests run in a transaction with `request.jwt.claims` set: {"sub": <user id or null>, "role": "anonymous" | "member" |
-- "admin" | "service", ...}. The server's own work runs on connections that start with `roundhouse.system=on`. Without
-- either, row-level security hides every row.

create function claims() returns jsonb language sql stable as
$$ select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $$;

create function caller_id() returns uuid language sql stable as
$$ select (roundhouse.claims() ->> 'sub')::uuid $$;

create function caller_role() returns text language sql stable as
$$ select roundhouse.claims() ->> 'role' $$;

create function is_system() returns boolean language sql stable as
$$ select coalesce(current_setting('roundhouse.system', true), '') = 'on' $$;

-- Administrators, the service-role key and the server itself.
create function may_everything() returns boolean language sql stable as
$$ select roundhouse.is_system() or coalesce(roundhouse.caller_role(), '') in ('admin', 'service') $$;

create function is_signed_in() returns boolean language sql stable as
$$ select roundhouse.is_system() or coalesce(roundhouse.caller_role(), '') in ('member', 'admin', 'service') $$;

-- Null limits are no limits.
create table plans (
  name text primary key check (name ~ '^[a-z][a-z0-9-]{0,39}$'),
  requests_per_minute integer check (requests_per_minute > 0),
  requests_per_hour integer check (requests_per_hour > 0),
  concurrent_runs integer check (concurrent_runs > 0),
  starting_credits bigint not null default 0 check (starting_credits >= 0),
  -- Versions, and the bytes of their files together.
  max_models integer check (max_models >= 0),
  max_model_bytes bigint check (max_model_bytes >= 0)
);
insert into plans
  (name, requests_per_minute, requests_per_hour, concurrent_runs, starting_credits, max_models, max_model_bytes)
values
  ('free', 600, 20000, 4, 1000, 20, 500000000),
  ('pro', 6000, 200000, 20, 100000, 500, 20000000000),
  ('unlimited', null, null, null, 1000000, null, null);

-- Of this server (`issuer` null), or of a foreign issuer; then `id` is the `sub` of its tokens.
create table users (
  id uuid primary key,
  name text not null,
  -- Signs in with it; lower case.
  email text unique check (email = lower(email)),
  email_verified boolean not null default false,
  -- What a foreign issuer says; signs in nobody.
  contact_email text,
  image text,
  issuer text,
  is_anonymous boolean not null default false,
  plan text not null default 'free' references plans,
  banned_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check ((issuer is null) = (email is not null))
);
create index users_by_age on users (created_at desc, id desc);

create table user_roles (
  user_id uuid not null references users on delete cascade,
  role text not null check (role in ('admin', 'member')),
  granted_at timestamptz not null default now(),
  primary key (user_id, role)
);
create index user_roles_by_role on user_roles (role);

-- Micro-units are the business of the credits room; here only what a user begins with.
create table credit_accounts (
  user_id uuid primary key references users on delete cascade,
  balance bigint not null check (balance >= 0)
);
-- sum(amount) of a user is their balance.
create table credit_entries (
  id bigint generated always as identity primary key,
  user_id uuid not null references users on delete cascade,
  amount bigint not null,
  reason text not null,
  created_at timestamptz not null default now()
);
create index credit_entries_by_user on credit_entries (user_id, id desc);

-- However a user comes to be: by sign-up, by a foreign token, by an administrator.
create function equip_user() returns trigger language plpgsql security definer set search_path = roundhouse, pg_temp as $$
declare
  credits bigint;
begin
  select starting_credits into strict credits from plans where name = new.plan;
  insert into user_roles (user_id, role) values (new.id, 'member');
  insert into credit_accounts (user_id, balance) values (new.id, credits);
  insert into credit_entries (user_id, amount, reason) values (new.id, credits, 'plan-start');
  return new;
end $$;
create trigger users_equip after insert on users for each row execute function equip_user();

-- Whoever is the first administrator, the link that makes one is dead from then on.
create function end_setup() returns trigger language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  insert into setup (first_admin_id) values (new.user_id) on conflict do nothing;
  return new;
end $$;
create trigger user_roles_end_setup after insert or update on user_roles
  for each row when (new.role = 'admin') execute function end_setup();

create function has_role(user_id uuid, role text) returns boolean
language sql stable security definer set search_path = roundhouse, pg_temp as $$
  select exists (select from user_roles where user_roles.user_id = has_role.user_id and user_roles.role = has_role.role)
$$;

create table sessions (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  -- SHA-256 of the token, base64url.
  token text not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index sessions_by_user on sessions (user_id);

-- How a user proves who they are: a password, or an account elsewhere.
create table identities (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  provider_id text not null,
  account_id text not null,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, account_id)
);
create index identities_by_user on identities (user_id);

-- Values under way: the state of a sign-in at another provider.
create table verifications (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index verifications_by_identifier on verifications (identifier);

-- Set once, by the link of the first start.
create table setup (
  one boolean primary key default true check (one),
  first_admin_id uuid not null,
  done_at timestamptz not null default now()
);

create table invitations (
  id uuid primary key,
  email text not null check (email = lower(email)),
  role text not null check (role in ('admin', 'member')),
  token_hash bytea not null unique check (length(token_hash) = 32),
  expires_at timestamptz not null,
  used_at timestamptz,
  created_by uuid references users on delete set null,
  created_at timestamptz not null default now()
);

-- A key without a user is one of the house: as the service-role key, with its scopes only.
create table api_keys (
  id uuid primary key,
  user_id uuid references users on delete cascade,
  name text not null,
  -- The first characters, for people.
  prefix text not null,
  hash bytea not null unique check (length(hash) = 32),
  scopes text[] not null check (scopes <@ array['predict', 'agents', 'files', 'read', 'admin']),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now()
);
create index api_keys_by_user on api_keys (user_id, id desc);

-- Sealed under ENCRYPTION_KEY; `sealed` names the key.
create table secrets (
  id uuid primary key,
  name text not null unique check (name ~ '^[A-Za-z][A-Za-z0-9._-]{0,127}$'),
  sealed text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- Ownership of what was there before. Null belongs to the house: the service-role key and administrators.
alter table models add column owner_id uuid references users on delete cascade;
alter table models drop constraint models_name_version_key;
create unique index models_by_owner on models (owner_id, name, version) nulls not distinct;
create index models_by_name on models (name, number desc);

-- Whether the house has a version of this name that is more than private. Then the name is the house's, for who may not
-- see that version too.
create function is_house_name(name text) returns boolean
language sql stable security definer set search_path = roundhouse, pg_temp as $$
  select exists (
    select from models
    where models.owner_id is null and models.name = is_house_name.name and models.visibility <> 'private')
$$;

alter table predictions add column user_id uuid;
create index predictions_by_user on predictions (user_id, model_id, id);

-- Append-only and chained: each hash covers the one before, so that an edited or removed row shows.
create table audit_entries (
  seq bigint primary key,
  at timestamptz not null,
  actor text not null,
  actor_id uuid,
  credential text,
  action text not null,
  target text not null,
  details jsonb not null,
  request_id text,
  ip text,
  prev_hash bytea not null,
  hash bytea not null
);

create function audit_digest(entry audit_entries) returns bytea language sql stable set search_path = roundhouse, pg_temp as $$
  select sha256(entry.prev_hash || convert_to(jsonb_build_array(
    entry.seq::text, to_char(entry.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), entry.actor, entry.actor_id,
    entry.credential, entry.action, entry.target, entry.details, entry.request_id, entry.ip)::text, 'UTF8'))
$$;

-- Who acts is read from the claims of the transaction, never from the arguments. Returns what to log: the chain's head.
create function append_audit(action text, target text, details jsonb) returns table (seq bigint, hash text)
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
#variable_conflict use_column
declare
  entry audit_entries;
  last audit_entries;
begin
  if not is_system() and caller_role() is null then
    raise exception 'an audit entry needs the claims of its actor' using errcode = '42501';
  end if;
  perform pg_advisory_xact_lock(7238942);
  select * into last from audit_entries order by audit_entries.seq desc limit 1;
  entry.seq := coalesce(last.seq, 0) + 1;
  entry.at := clock_timestamp();
  entry.actor := coalesce(claims() ->> 'role', 'system');
  entry.actor_id := caller_id();
  entry.credential := claims() ->> 'credential';
  entry.action := append_audit.action;
  entry.target := append_audit.target;
  entry.details := append_audit.details;
  entry.request_id := claims() ->> 'request_id';
  entry.ip := claims() ->> 'ip';
  entry.prev_hash := coalesce(last.hash, '\x');
  entry.hash := audit_digest(entry);
  insert into audit_entries select entry.*;
  return query select entry.seq, encode(entry.hash, 'hex');
end $$;

-- The first entry that is not what was written, or null when the chain holds.
create function first_broken_audit_entry() returns bigint language sql stable set search_path = roundhouse, pg_temp as $$
  select min(broken.seq) from (
    select seq from (
      select entry.seq,
        entry.hash is distinct from audit_digest(entry) as edited,
        entry.prev_hash is distinct from coalesce(lag(entry.hash) over chain, '\x') as unlinked,
        entry.seq is distinct from coalesce(lag(entry.seq) over chain, 0) + 1 as gap
      from audit_entries entry window chain as (order by entry.seq)
    ) checked
    where edited or unlinked or gap
  ) broken
$$;

create function get_admin_stats() returns jsonb language plpgsql stable set search_path = roundhouse, pg_temp as $$
begin
  if not may_everything() then
    raise exception 'only administrators may read the statistics' using errcode = '42501';
  end if;
  return jsonb_build_object(
    'users', (select count(*) from users),
    'admins', (select count(*) from user_roles where role = 'admin'),
    'banned_users', (select count(*) from users where banned_at is not null),
    'new_users_7d', (select count(*) from users where created_at > now() - interval '7 days'),
    'sessions', (select count(*) from sessions where expires_at > now()),
    'api_keys', (select count(*) from api_keys where revoked_at is null and (expires_at is null or expires_at > now())),
    'models', (select count(*) from models),
    'ready_models', (select count(*) from models where status = 'ready'),
    'model_bytes', (select coalesce(sum(file_size_bytes), 0) from models),
    'predictions_24h', (select count(*) from predictions where created_at > now() - interval '1 day'),
    'failed_predictions_24h', (select count(*) from predictions where status = 'error' and created_at > now() - interval '1 day'),
    'credits', (select coalesce(sum(balance), 0) from credit_accounts));
end $$;

-- The wall. `(select ...)` around a function makes it run once per query, not once per row.
alter table plans enable row level security;
create policy plans_read on plans for select using ((select is_signed_in()));
create policy plans_write on plans for update using ((select may_everything()));

alter table users enable row level security;
create policy users_read on users for select using ((select may_everything()) or id = (select caller_id()));
create policy users_write on users for all using ((select may_everything()));

alter table user_roles enable row level security;
create policy user_roles_read on user_roles for select using ((select may_everything()) or user_id = (select caller_id()));
create policy user_roles_write on user_roles for all using ((select may_everything()));

alter table credit_accounts enable row level security;
create policy credit_accounts_read on credit_accounts for select
  using ((select may_everything()) or user_id = (select caller_id()));
alter table credit_entries enable row level security;
create policy credit_entries_read on credit_entries for select
  using ((select may_everything()) or user_id = (select caller_id()));

alter table sessions enable row level security;
create policy sessions_own on sessions for all using ((select may_everything()) or user_id = (select caller_id()));

alter table identities enable row level security;
create policy identities_system on identities for all using ((select is_system()));
alter table verifications enable row level security;
create policy verifications_system on verifications for all using ((select is_system()));
alter table setup enable row level security;
create policy setup_system on setup for all using ((select is_system()));

alter table invitations enable row level security;
create policy invitations_admin on invitations for all using ((select may_everything()));

alter table api_keys enable row level security;
create policy api_keys_own on api_keys for all
  using ((select may_everything()) or user_id = (select caller_id()))
  with check ((select may_everything()) or user_id = (select caller_id()));

alter table secrets enable row level security;
create policy secrets_admin on secrets for all using ((select may_everything()));

alter table audit_entries enable row level security;
create policy audit_read on audit_entries for select using ((select may_everything()));

alter table models enable row level security;
create policy models_read on models for select using (
  (select may_everything()) or owner_id = (select caller_id())
  or visibility = 'public' or (visibility = 'users' and (select is_signed_in())));
create policy models_create on models for insert
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy models_change on models for update
  using ((select may_everything()) or owner_id = (select caller_id()))
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy models_remove on models for delete
  using ((select may_everything()) or owner_id = (select caller_id()));

alter table predictions enable row level security;
create policy predictions_read on predictions for select
  using ((select may_everything()) or user_id = (select caller_id()));
create policy predictions_write on predictions for insert with check ((select is_system()));
create policy predictions_remove on predictions for delete using ((select is_system()));

grant select, update on plans to roundhouse_app;
grant select, insert, update, delete on users, user_roles, sessions, identities, verifications, invitations, secrets
  to roundhouse_app;
grant select, insert on setup to roundhouse_app;
grant select, insert, update on api_keys to roundhouse_app;
grant select on credit_accounts, credit_entries, audit_entries to roundhouse_app;
revoke execute on function append_audit(text, text, jsonb) from public;
grant execute on function append_audit(text, text, jsonb) to roundhouse_app;
