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
create index objects_by_owner on objects (owner_id);

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
