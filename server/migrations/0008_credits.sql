-- Credits by double entry: a movement is two entries that add up to zero, one of the user and one of the house. What is
-- held cannot be spent again; a hold is settled with what the work cost, or released.
--
-- The row of the account is the lock of everything that is the account's: each function takes it first, and changes
-- holds only under it. Who locks several accounts in one transaction does so in the order of their ids.

alter table credit_accounts
  add column held bigint not null default 0,
  add check (held between 0 and balance),
  -- What a number of JSON holds exactly.
  add check (balance <= 9007199254740991);

-- Given to everyone with the plan in each month.
alter table plans add column monthly_credits bigint not null default 0 check (monthly_credits >= 0);

-- Entries of `user` add up to the balance; `grants` is where credits come from, `revenue` where they go.
alter table credit_entries
  add column account text not null default 'user' check (account in ('user', 'grants', 'revenue')),
  -- The two entries of a movement share it.
  add column movement uuid not null default gen_random_uuid(),
  -- What it was for, once only: a prediction, a job, a month. "C", so that those that begin alike are a range of the index.
  add column reference text collate "C" check (length(reference) between 1 and 200),
  add column request_id text;
create unique index credit_entries_once on credit_entries (user_id, reference) where account = 'user' and reference is not null;
insert into credit_entries (user_id, amount, reason, created_at, account, movement)
  select user_id, -amount, reason, created_at, 'grants', movement from credit_entries;

create table credit_holds (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  amount bigint not null check (amount > 0),
  -- What it cost in the end.
  settled bigint check (settled between 0 and amount),
  status text not null default 'open' check (status in ('open', 'settled', 'released', 'expired')),
  reason text not null,
  reference text collate "C" not null check (length(reference) between 1 and 200),
  request_id text,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  unique (user_id, reference),
  check ((status = 'open') = (ended_at is null)),
  check ((status = 'settled') = (settled is not null))
);
create index credit_holds_open on credit_holds (user_id, expires_at) where status = 'open';
create index credit_holds_by_age on credit_holds using brin (created_at);

-- Credits of one report, of a second that a worker works on a batch. Models have a price of their own.
create table prices (
  name text primary key check (name in ('report', 'heavy-second')),
  credits bigint not null default 0 check (credits between 0 and 1000000000)
);
insert into prices (name) values ('report'), ('heavy-second');

-- Only for a user's own account, or by whoever may everything.
create function check_credit_rights(of_user uuid) returns void
language plpgsql stable set search_path = roundhouse, pg_temp as $$
begin
  if may_everything() or caller_id() = of_user then return; end if;
  raise exception 'credits of another user' using errcode = '42501';
end $$;

create function book_credits(of_user uuid, of_amount bigint, other text, why text, what_for text, request text)
returns void language plpgsql set search_path = roundhouse, pg_temp as $$
declare
  id uuid := gen_random_uuid();
begin
  insert into credit_entries (user_id, amount, reason, account, movement, reference, request_id) values
    (of_user, of_amount, why, 'user', id, what_for, request),
    (of_user, -of_amount, why, other, id, what_for, request);
end $$;

-- Ends what work that never came back has held of a locked account. How many there were.
create function expire_holds_of(of_user uuid) returns integer
language plpgsql set search_path = roundhouse, pg_temp as $$
declare
  ended integer;
  freed bigint;
begin
  with expired as (
    update credit_holds set status = 'expired', ended_at = now()
    where user_id = of_user and status = 'open' and expires_at < now() returning amount
  ) select count(*), sum(amount) into ended, freed from expired;
  if ended > 0 then update credit_accounts set held = held - freed where user_id = of_user; end if;
  return ended;
end $$;

-- False when a locked account has not so much to spare. Nobody waits for the sweep: what has expired is freed first.
create function set_credits_aside(of_user uuid, wanted bigint) returns boolean
language plpgsql set search_path = roundhouse, pg_temp as $$
begin
  loop
    update credit_accounts set held = held + wanted where user_id = of_user and balance - held >= wanted;
    if found then return true; end if;
    if expire_holds_of(of_user) = 0 then return false; end if;
  end loop;
end $$;

-- The id of the hold; null when the account has not so much to spare. The same reference gives the same hold: one that
-- is open lasts longer from then on, one that was released or has expired is held anew, one that is paid stays paid.
create function hold_credits(
  user_id uuid, amount bigint, reason text, reference text, seconds integer, request_id text default null
) returns uuid language plpgsql security definer set search_path = roundhouse, pg_temp as $$
#variable_conflict use_variable
declare
  hold credit_holds;
  lasts timestamptz := now() + make_interval(secs => seconds);
  request text := coalesce(request_id, claims() ->> 'request_id');
begin
  perform check_credit_rights(user_id);
  if amount is null or amount <= 0 then raise exception 'nothing to hold' using errcode = '22003'; end if;
  perform from credit_accounts where credit_accounts.user_id = hold_credits.user_id for update;
  select * into hold from credit_holds
    where credit_holds.user_id = hold_credits.user_id and credit_holds.reference = hold_credits.reference;
  if hold.status = 'settled' then return hold.id; end if;
  if hold.status = 'open' then
    if hold.amount <> amount then
      raise exception 'the reference % holds another amount', reference using errcode = '55000';
    end if;
    update credit_holds set expires_at = lasts where id = hold.id and expires_at < lasts;
    return hold.id;
  end if;
  if exists (select from credit_entries where account = 'user'
    and credit_entries.user_id = hold_credits.user_id and credit_entries.reference = hold_credits.reference) then
    raise exception 'the reference % is of another movement', reference using errcode = '23505';
  end if;
  if not set_credits_aside(user_id, amount) then return null; end if;
  insert into credit_holds (user_id, amount, reason, reference, request_id, expires_at)
    values (user_id, amount, reason, reference, request, lasts)
    on conflict on constraint credit_holds_user_id_reference_key do update set status = 'open', ended_at = null,
      amount = excluded.amount, reason = excluded.reason, request_id = excluded.request_id, expires_at = excluded.expires_at
    returning id into strict hold.id;
  return hold.id;
end $$;

-- The hold, with its account locked: the owner never changes, anything else only under the lock. Its work is the server's,
-- so only the server knows when it ends: members could take back what pays for work that is under way.
create function lock_hold(hold_id uuid) returns credit_holds
language plpgsql set search_path = roundhouse, pg_temp as $$
declare
  hold credit_holds;
begin
  if not may_everything() then raise exception 'only the server ends holds' using errcode = '42501'; end if;
  select * into hold from credit_holds where id = hold_id;
  if not found then return null; end if;
  perform from credit_accounts where user_id = hold.user_id for update;
  select * into hold from credit_holds where id = hold_id;
  return hold;
end $$;

-- True when this call ended it. What has expired meanwhile is taken from what there is to spare.
create function settle_hold(hold_id uuid, amount bigint) returns boolean
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
#variable_conflict use_variable
declare
  hold credit_holds := lock_hold(hold_id);
  taken bigint := amount;
begin
  if hold.id is null or hold.status not in ('open', 'expired') then return false; end if;
  if amount is null or amount not between 0 and hold.amount then
    raise exception 'a hold of % cannot be settled with %', hold.amount, amount using errcode = '22003';
  end if;
  if hold.status = 'expired' then
    select least(amount, balance - held) into strict taken from credit_accounts where user_id = hold.user_id;
  end if;
  update credit_accounts
    set balance = balance - taken, held = held - case hold.status when 'open' then hold.amount else 0 end
    where user_id = hold.user_id;
  update credit_holds set status = 'settled', settled = taken, ended_at = now() where id = hold_id;
  if taken > 0 then
    perform book_credits(hold.user_id, -taken, 'revenue', hold.reason, hold.reference, hold.request_id);
  end if;
  return true;
end $$;

-- True when this call ended it.
create function release_hold(hold_id uuid) returns boolean
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
declare
  hold credit_holds := lock_hold(hold_id);
begin
  if hold.id is null or hold.status <> 'open' then return false; end if;
  update credit_accounts set held = held - hold.amount where user_id = hold.user_id;
  update credit_holds set status = 'released', ended_at = now() where id = hold_id;
  return true;
end $$;

-- Frees what was held by work that never came back, of up to 100 accounts. How many holds there were.
create function expire_holds() returns integer
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
declare
  of_user uuid;
  ended integer := 0;
begin
  if not may_everything() then raise exception 'only the server ends holds' using errcode = '42501'; end if;
  for of_user in
    select distinct user_id from credit_holds where status = 'open' and expires_at < now() order by user_id limit 100
  loop
    perform from credit_accounts where user_id = of_user for update;
    ended := ended + expire_holds_of(of_user);
  end loop;
  return ended;
end $$;

-- Whether a locked account has paid or got this before. What is held is paid by settling the hold alone.
create function is_credit_booked(of_user uuid, what_for text) returns boolean
language plpgsql set search_path = roundhouse, pg_temp as $$
declare
  held text;
begin
  if what_for is null then return false; end if;
  select status into held from credit_holds where user_id = of_user and reference = what_for;
  if held in ('open', 'expired') then
    raise exception 'the reference % is of a hold', what_for using errcode = '23505';
  end if;
  return held is not distinct from 'settled' or exists (
    select from credit_entries where account = 'user' and user_id = of_user and reference = what_for);
end $$;

-- False when the account has not so much to spare. The same reference is deducted once.
create function deduct_credits(user_id uuid, amount bigint, reason text, reference text default null) returns boolean
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
#variable_conflict use_variable
begin
  perform check_credit_rights(user_id);
  if amount is null or amount < 0 then raise exception 'an amount is not negative' using errcode = '22003'; end if;
  perform from credit_accounts where credit_accounts.user_id = deduct_credits.user_id for update;
  if not found then return false; end if;
  if is_credit_booked(user_id, reference) then return true; end if;
  if not set_credits_aside(user_id, amount) then return false; end if;
  update credit_accounts set balance = balance - amount, held = held - amount
    where credit_accounts.user_id = deduct_credits.user_id;
  if amount > 0 then
    perform book_credits(user_id, -amount, 'revenue', reason, reference, claims() ->> 'request_id');
  end if;
  return true;
end $$;

-- Deducts what there is to spare of the amount, and tells how much that was. The same reference is deducted once.
create function deduct_up_to(user_id uuid, amount bigint, reason text, reference text) returns bigint
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
#variable_conflict use_variable
declare
  taken bigint;
begin
  if not may_everything() then raise exception 'only the server takes what is left' using errcode = '42501'; end if;
  if amount is null or amount < 0 then raise exception 'an amount is not negative' using errcode = '22003'; end if;
  perform from credit_accounts where credit_accounts.user_id = deduct_up_to.user_id for update;
  if not found or is_credit_booked(user_id, reference) then return 0; end if;
  perform expire_holds_of(user_id);
  select least(amount, balance - held) into strict taken from credit_accounts
    where credit_accounts.user_id = deduct_up_to.user_id;
  if taken > 0 then
    update credit_accounts set balance = balance - taken where credit_accounts.user_id = deduct_up_to.user_id;
    perform book_credits(user_id, -taken, 'revenue', reason, reference, claims() ->> 'request_id');
  end if;
  return taken;
end $$;

-- Negative takes back, but never what is held or was spent. False when that would be, or more than an account can hold;
-- the same reference counts once.
create function grant_credits(user_id uuid, amount bigint, reason text, reference text default null) returns boolean
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
#variable_conflict use_variable
begin
  if not may_everything() then raise exception 'only administrators grant credits' using errcode = '42501'; end if;
  if amount is null then raise exception 'nothing to grant' using errcode = '22003'; end if;
  perform from credit_accounts where credit_accounts.user_id = grant_credits.user_id for update;
  if not found then return false; end if;
  if is_credit_booked(user_id, reference) then return true; end if;
  if amount < 0 then perform expire_holds_of(user_id); end if;
  update credit_accounts set balance = balance + amount
    where credit_accounts.user_id = grant_credits.user_id
      and amount between held - balance and 9007199254740991 - balance;
  if not found then return false; end if;
  if amount <> 0 then
    perform book_credits(user_id, amount, 'grants', reason, reference, claims() ->> 'request_id');
  end if;
  return true;
end $$;

-- What there is, with what is held. Null for no account, or another's.
create function credit_balance(user_id uuid) returns bigint
language sql stable security definer set search_path = roundhouse, pg_temp as $$
  select balance from credit_accounts
  where credit_accounts.user_id = credit_balance.user_id
    and (may_everything() or caller_id() = credit_balance.user_id)
$$;

-- As before, with the other side of the entry.
create or replace function equip_user() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
declare
  credits bigint;
begin
  select starting_credits into strict credits from plans where name = new.plan;
  insert into user_roles (user_id, role) values (new.id, 'member');
  insert into credit_accounts (user_id, balance) values (new.id, credits);
  perform book_credits(new.id, credits, 'grants', 'plan-start', null, claims() ->> 'request_id');
  return new;
end $$;

alter table credit_holds enable row level security;
create policy credit_holds_read on credit_holds for select
  using ((select may_everything()) or user_id = (select caller_id()));
-- The ledger has what was paid. What a job held can be held anew, however late; predictions and reports are never begun
-- again so late.
create policy credit_holds_forget on credit_holds for delete using (
  (select is_system()) and status <> 'open'
  and (status = 'settled' or starts_with(reference, 'prediction:') or starts_with(reference, 'report:')));
alter table prices enable row level security;
create policy prices_read on prices for select using ((select is_signed_in()));
create policy prices_write on prices for update using ((select may_everything()));
grant select, delete on credit_holds to roundhouse_app;
grant select, update on prices to roundhouse_app;

revoke execute on function hold_credits, settle_hold, release_hold, expire_holds, deduct_credits, deduct_up_to, grant_credits,
  credit_balance, book_credits, expire_holds_of, set_credits_aside, lock_hold,
  is_credit_booked from public;
grant execute on function hold_credits, settle_hold, release_hold, expire_holds, deduct_credits, deduct_up_to, grant_credits,
  credit_balance to roundhouse_app;
