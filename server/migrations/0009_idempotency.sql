-- Calls that were made under an `Idempotency-Key`, and their answers, for 24 hours.

create table idempotency_keys (
  -- The user's id; without one the name of the credential: the id of a key of the house, or `service-role-key`.
  caller text not null,
  -- The pattern of the path: `/api/v1/models/:id/predict`.
  route text not null,
  key text not null check (length(key) between 1 and 255),
  -- SHA-256 of method, address and body.
  fingerprint bytea not null check (length(fingerprint) = 32),
  -- Another one for each time the call is begun: who was thought dead cannot answer for who took over.
  claim_id uuid not null unique,
  -- Of the work. Who takes over from a process that died goes on with the same, so that it is paid once.
  work_id uuid not null,
  -- Renewed by the process that works on it. Past it nobody does.
  leased_until timestamptz not null,
  done_at timestamptz,
  -- The answer; null of what was done but whose answer was not kept. The body may hold a new key, so it is sealed.
  status smallint check (status between 200 and 599),
  headers jsonb,
  sealed_body text,
  created_at timestamptz not null default now(),
  primary key (caller, route, key),
  check (status is null or done_at is not null),
  check ((status is null) = (sealed_body is null) and (status is null) = (headers is null))
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

-- A caller's transaction completes the call that it is the effect of; the rest is the server's.
alter table idempotency_keys enable row level security;
create policy idempotency_keys_read on idempotency_keys for select
  using ((select may_everything()) or caller = (select caller_id())::text);
create policy idempotency_keys_answer on idempotency_keys for update
  using ((select may_everything()) or caller = (select caller_id())::text)
  with check ((select may_everything()) or caller = (select caller_id())::text);
create policy idempotency_keys_create on idempotency_keys for insert with check ((select is_system()));
create policy idempotency_keys_remove on idempotency_keys for delete using ((select is_system()));

-- Whoever could give the call the name of work that is paid, or undo its end, would not pay for the next.
create function keep_keyed_call() returns trigger language plpgsql set search_path = roundhouse, pg_temp as $$
begin
  -- The owner of the database may all, here as by row-level security.
  if not row_security_active(tg_relid) then return new; end if;
  if old.done_at is null
    and (new.caller, new.route, new.key, new.fingerprint, new.claim_id, new.work_id, new.leased_until, new.created_at)
      is not distinct from
      (old.caller, old.route, old.key, old.fingerprint, old.claim_id, old.work_id, old.leased_until, old.created_at)
  then return new; end if;
  raise exception 'only the answer of a call that goes on can be written' using errcode = '42501';
end $$;
create trigger idempotency_keys_keep before update on idempotency_keys
  for each row when (not is_system()) execute function keep_keyed_call();

grant select, insert, update, delete on idempotency_keys to roundhouse_app;
