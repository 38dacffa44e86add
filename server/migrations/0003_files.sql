-- Buckets and the objects in them. An object's bytes lie in the file store under its version; its name is only here.

create table buckets (
  id text primary key check (id ~ '^[A-Za-z0-9_!.*''() &$=@;:+,?-]{1,100}$' and id = btrim(id)),
  owner_id uuid references users on delete set null,
  -- Everyone reads its objects, without a credential too.
  public boolean not null default false,
  -- Users read and add everywhere in it, and change what they added. Else each has only the folder of their own id.
  open_folders boolean not null default false,
  -- Administrators and the service-role key alone see it and what is in it.
  internal boolean not null default false,
  file_size_limit bigint check (file_size_limit >= 0),
  -- `image/png`, `image/*`; null or empty allows all.
  allowed_mime_types text[],
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  check (not (internal and (public or open_folders)))
);

create table objects (
  id uuid primary key,
  bucket_id text not null references buckets,
  -- "C": sorted by bytes, and a prefix is a range of the index.
  name text collate "C" not null check (length(name) between 1 and 1024),
  -- What the name has up to its last slash, with it.
  folder text collate "C" not null generated always as (regexp_replace(name, '[^/]*$', '')) stored,
  -- And up to its first one: where users have what is theirs.
  top_folder text collate "C" not null generated always as (left(name, strpos(name, '/'))) stored,
  -- Null belongs to the house.
  owner_id uuid references users on delete cascade,
  -- Names the bytes: `objects/<version>`. New with every upload.
  version uuid not null unique,
  size_bytes bigint not null check (size_bytes >= 0),
  content_type text not null,
  cache_control text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  user_metadata jsonb,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (bucket_id, name)
);
create index objects_by_owner on objects (owner_id) include (bucket_id, size_bytes);
-- One for each order of a list, so that a page reads its own rows alone: of a folder, of all below a user's, of a bucket.
create index objects_by_folder on objects (bucket_id, folder, name);
create index objects_by_folder_created on objects (bucket_id, folder, created_at, name);
create index objects_by_folder_updated on objects (bucket_id, folder, updated_at, name);
create index objects_by_top_folder_created on objects (bucket_id, top_folder, created_at, name);
create index objects_by_top_folder_updated on objects (bucket_id, top_folder, updated_at, name);
create index objects_by_created on objects (bucket_id, created_at, name);
create index objects_by_updated on objects (bucket_id, updated_at, name);

-- Bytes of the objects a user may own together; null is no limit. Model files have `max_model_bytes`.
alter table plans add column max_file_bytes bigint check (max_file_bytes >= 0);
update plans set max_file_bytes = 1000000000 where name = 'free';
update plans set max_file_bytes = 50000000000 where name = 'pro';

insert into buckets (id, public, internal) values
  ('agent-logos', true, false),
  ('reports', false, false),
  ('models', false, true);

alter table buckets enable row level security;
create policy buckets_read on buckets for select
  using (
    (select may_everything()) or ((select is_signed_in()) and not internal)
    or (public and (select caller_role()) is not null));
create policy buckets_write on buckets for all
  using ((select may_everything())) with check ((select may_everything()));

-- Buckets are few: their ids are read once per query.
alter table objects enable row level security;
create policy objects_read on objects for select using (
  (select may_everything())
  or bucket_id in (select id from buckets where public)
  or ((select is_signed_in()) and (
    bucket_id in (select id from buckets where open_folders)
    or (starts_with(name, (select caller_id()) || '/') and bucket_id in (select id from buckets where not internal)))));
create policy objects_add on objects for insert with check (
  (select may_everything())
  or ((select is_signed_in()) and owner_id = (select caller_id()) and (
    bucket_id in (select id from buckets where open_folders)
    or (starts_with(name, (select caller_id()) || '/') and bucket_id in (select id from buckets where not internal)))));
create policy objects_change on objects for update
  using (
    (select may_everything())
    or ((select is_signed_in()) and (
      (owner_id = (select caller_id()) and bucket_id in (select id from buckets where open_folders))
      or (starts_with(name, (select caller_id()) || '/') and bucket_id in (select id from buckets where not internal)))))
  with check (
    (select may_everything())
    or ((select is_signed_in()) and (
      (owner_id = (select caller_id()) and bucket_id in (select id from buckets where open_folders))
      or (starts_with(name, (select caller_id()) || '/') and bucket_id in (select id from buckets where not internal)))));
create policy objects_remove on objects for delete using (
  (select may_everything())
  or ((select is_signed_in()) and (
    (owner_id = (select caller_id()) and bucket_id in (select id from buckets where open_folders))
    or (starts_with(name, (select caller_id()) || '/') and bucket_id in (select id from buckets where not internal)))));

grant select, insert, update, delete on buckets, objects to roundhouse_app;

-- Whose bytes lie in the file store: the same id is there under the key `installation`. Where they differ nothing is swept.
create table installation (
  only_one boolean primary key default true check (only_one),
  id uuid not null
);

-- Versions whose row is gone, until their bytes are too: by it the sweep tells what was removed from what it never knew.
create table removed_versions (
  version uuid primary key,
  removed_at timestamptz not null default now()
);
create index removed_versions_by_time on removed_versions (removed_at);

create function note_removed_versions() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  insert into removed_versions (version) select version from removed on conflict do nothing;
  return null;
end $$;
create trigger objects_note_removed after delete on objects referencing old table as removed
  for each statement execute function note_removed_versions();

create function note_replaced_version() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  insert into removed_versions (version) values (old.version) on conflict do nothing;
  return null;
end $$;
create trigger objects_note_replaced after update of version on objects
  for each row when (old.version is distinct from new.version) execute function note_replaced_version();
revoke execute on function note_removed_versions(), note_replaced_version() from public;

alter table installation enable row level security;
create policy installation_system on installation for all using ((select is_system())) with check ((select is_system()));
alter table removed_versions enable row level security;
create policy removed_versions_system on removed_versions for all using ((select is_system()));
grant select, insert on installation to roundhouse_app;
grant select, delete on removed_versions to roundhouse_app;
