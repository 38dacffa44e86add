-- Models: one row per version of a name. The bytes lie in the file store under file_key.
create table models (
  id uuid primary key,
  -- Order of creation: the newest ready version of a name is the one that serves.
  number bigint generated always as identity,
  name text not null check (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$'),
  version text not null check (version ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$'),
  description text,
  status text not null
    check (status in ('pending', 'uploaded', 'validating', 'ready', 'error', 'archived')),
  error text,
  visibility text not null default 'private' check (visibility in ('private', 'users', 'public')),
  price bigint not null default 0 check (price >= 0),
  format text check (format in ('onnx')),
  file_key text,
  file_hash text check (file_hash ~ '^[0-9a-f]{64}$'),
  file_size_bytes bigint check (file_size_bytes >= 0),
  input_schema jsonb,
  output_schema jsonb,
  metadata jsonb not null default '{}',
  -- Taken out of memory on request; stays out until it is loaded on request.
  unloaded boolean not null default false,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (name, version),
  check (status in ('pending') or file_key is not null)
);
create index models_by_number on models (number desc);

-- History, written behind the reply. No foreign key: rows of a deleted model are swept in the background.
-- Ids are UUIDv7, so the primary key is also the order of time.
create table predictions (
  model_id uuid not null,
  id uuid not null,
  model_version text not null,
  request_id text,
  -- json, not jsonb: the exact text is kept (64-bit integers), and it costs no parsing.
  input_data json,
  output_data json,
  inference_time_ms double precision not null,
  cached boolean not null,
  status text not null check (status in ('ok', 'error')),
  error text,
  created_at timestamptz not null,
  primary key (model_id, id)
);
create index predictions_by_age on predictions using brin (created_at);

grant select, insert, update, delete on models to roundhouse_app;
grant select on sequence models_number_seq to roundhouse_app;
grant select, insert, delete on predictions to roundhouse_app;
