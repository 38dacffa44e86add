-- The file of every model version is an object of the bucket `models`: `registry/<owner or house>/<name>/<version>`.
-- Files of before lie under keys `models/...` and are no objects; they stay as they are.

-- Should it have been removed or made anew: whoever reads the bucket reads every model.
insert into buckets (id, internal) values ('models', true)
  on conflict (id) do update set internal = true, public = false, open_folders = false;
alter table buckets add constraint buckets_models_internal check (id <> 'models' or internal);

-- Checked when a statement has done all it does, so that a user goes with their models and the files of these.
alter table models add column file_version uuid
  generated always as (case when file_key like 'objects/%' then substr(file_key, 9)::uuid end) stored
  references objects (version);
create unique index models_by_file on models (file_version);

-- Before, because the row refers to the object.
create function add_model_file() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
declare
  object_name text := format('registry/%s/%s/%s', coalesce(new.owner_id::text, 'house'), new.name, new.version);
  object_version uuid := substr(new.file_key, 9)::uuid;
begin
  -- A twin is refused behind this trigger, or passed over by `on conflict do nothing`: then nothing may be left of it.
  if tg_op = 'INSERT' and exists (
    select from models
    where models.name = new.name and models.version = new.version
      and models.owner_id is not distinct from new.owner_id) then
    return new;
  end if;
  -- Steps aside: what an administrator stored under this name, or the file that is given up with this update.
  update objects set name = object_name || '.' || objects.version
    where objects.bucket_id = 'models' and objects.name = object_name;
  insert into objects
    (id, bucket_id, name, owner_id, version, size_bytes, content_type, cache_control, sha256)
  values
    (gen_random_uuid(), 'models', object_name, new.owner_id, object_version, new.file_size_bytes,
      'application/octet-stream', 'no-cache', new.file_hash);
  return new;
end $$;
create trigger models_add_file before insert on models
  for each row when (new.file_key like 'objects/%') execute function add_model_file();
create trigger models_change_file before update of file_key on models
  for each row when (new.file_key like 'objects/%' and new.file_key is distinct from old.file_key)
  execute function add_model_file();

create function remove_model_file() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  delete from objects where objects.version = old.file_version;
  return null;
end $$;
create trigger models_remove_file after delete on models
  for each row when (old.file_version is not null) execute function remove_model_file();
create trigger models_give_up_file after update of file_key on models
  for each row when (old.file_version is not null and new.file_version is distinct from old.file_version)
  execute function remove_model_file();

-- Removing fails by the reference; moving would not. What the functions above do goes on: it is done in a trigger.
create function keep_model_file() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  if exists (select from models where models.file_version = old.version) then
    raise exception 'the object is the file of a model version'
      using errcode = '23503', constraint = 'models_file_version_fkey';
  end if;
  return new;
end $$;
create trigger objects_keep_model_file before update on objects
  for each row when (old.bucket_id = 'models' and pg_trigger_depth() = 0) execute function keep_model_file();

-- They have all rights: nobody makes triggers of their own with them.
revoke execute on function add_model_file(), remove_model_file(), keep_model_file() from public;
