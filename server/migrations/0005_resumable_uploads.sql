-- Uploads that arrive in pieces, until their pieces are one object.

create table resumable_uploads (
  id uuid primary key,
  -- Null: of the service-role key.
  owner_id uuid references users on delete cascade,
  -- SHA-256 of the upload token that began it; then that token alone continues it.
  token_hash bytea check (length(token_hash) = 32),
  bucket_id text not null,
  name text not null,
  content_type text,
  cache_control text,
  user_metadata jsonb,
  upsert boolean not null,
  -- Null until the client knows it.
  total_bytes bigint check (total_bytes >= 0),
  max_bytes bigint not null,
  received_bytes bigint not null default 0,
  completed_at timestamptz,
  expires_at timestamptz not null,
  created_at timestamptz not null default now(),
  check (received_bytes between 0 and coalesce(total_bytes, max_bytes))
);
create index resumable_uploads_by_expiry on resumable_uploads (expires_at);

-- Of two pieces that begin at the same byte one is too many.
create table resumable_pieces (
  upload_id uuid not null references resumable_uploads on delete cascade,
  start_byte bigint not null,
  size_bytes bigint not null check (size_bytes > 0),
  file_key text not null,
  primary key (upload_id, start_byte)
);

alter table resumable_uploads enable row level security;
create policy resumable_uploads_own on resumable_uploads for all
  using ((select may_everything()) or (owner_id = (select caller_id()) and token_hash is null))
  with check ((select may_everything()) or (owner_id = (select caller_id()) and token_hash is null));

alter table resumable_pieces enable row level security;
create policy resumable_pieces_own on resumable_pieces for all
  using ((select may_everything()) or exists (select from resumable_uploads where id = upload_id))
  with check ((select may_everything()) or exists (select from resumable_uploads where id = upload_id));

grant select, insert, update, delete on resumable_uploads, resumable_pieces to roundhouse_app;
