-- PDF reports. The file is an object of the bucket `reports`.

create table reports (
  id uuid primary key,
  -- Null belongs to the house.
  owner_id uuid references users on delete cascade,
  -- What the report was asked for in; made again for the same message it takes the place of the one before.
  message_id uuid not null,
  template text not null,
  version integer not null check (version > 0),
  title text not null check (length(title) between 1 and 200),
  visibility text not null default 'private' check (visibility in ('private', 'users', 'public')),
  -- In the bucket `reports`. What is read by the rights of the report is a file of its owner, in the version that was made.
  object_name text not null
    check (object_name = coalesce(owner_id::text, 'house') || '/' || message_id || '.pdf'),
  object_version uuid not null,
  pages integer not null check (pages > 0),
  size_bytes bigint not null check (size_bytes > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique nulls not distinct (owner_id, message_id)
);
-- Lists, newest first: what one owns, and what is shared. Ids are in the order of time.
create index reports_by_owner on reports (owner_id, id desc);
create index reports_shared on reports (id desc) where visibility in ('users', 'public');

alter table reports enable row level security;
create policy reports_read on reports for select using (
  (select may_everything()) or owner_id = (select caller_id())
  or visibility = 'public' or (visibility = 'users' and (select is_signed_in())));
create policy reports_create on reports for insert
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy reports_change on reports for update
  using ((select may_everything()) or owner_id = (select caller_id()))
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy reports_remove on reports for delete
  using ((select may_everything()) or owner_id = (select caller_id()));

grant select, insert, update, delete on reports to roundhouse_app;
