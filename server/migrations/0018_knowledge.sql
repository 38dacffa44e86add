-- Knowledge: collections of documents, cut into chunks that are found by words and by vectors.

create table knowledge_collections (
  id uuid primary key,
  -- Null belongs to the house.
  owner_id uuid references users on delete cascade,
  name text not null check (length(name) between 1 and 128),
  description text,
  visibility text not null default 'private' check (visibility in ('private', 'users', 'public')),
  -- `<provider>/<model>`, or the name of a served model; null: found by words only.
  embedding_model text check (length(embedding_model) between 1 and 300),
  -- Characters.
  chunk_size integer not null check (chunk_size between 200 and 8000),
  chunk_overlap integer not null check (chunk_overlap >= 0 and chunk_overlap * 2 <= chunk_size),
  -- A text search configuration, by its name: a regconfig in a table keeps pg_upgrade from upgrading.
  language text not null default 'simple' check (language ~ '^[a-z_]{1,63}$'),
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  updated_at timestamptz not null default date_trunc('milliseconds', now()),
  unique nulls not distinct (owner_id, name)
);
create index knowledge_collections_shared on knowledge_collections (id desc) where visibility in ('users', 'public');

create table knowledge_documents (
  id uuid primary key,
  collection_id uuid not null references knowledge_collections on delete cascade,
  name text not null check (length(name) between 1 and 255),
  -- What it is by its content; null until it was read.
  kind text check (kind in ('text', 'markdown', 'html', 'pdf', 'csv', 'docx')),
  -- As the upload says.
  content_type text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  -- Names the bytes, an object of the bucket `knowledge`: `<owner or house>/<collection>/<document>`.
  object_version uuid not null,
  status text not null default 'queued' check (status in ('queued', 'indexing', 'ready', 'failed')),
  error jsonb,
  -- What there is to index: one more with each change of the document and of how its collection is indexed.
  revision integer not null default 1,
  -- The chunks that are found; null until there are some. Those of any other generation are in the making, or left over.
  generation uuid,
  -- Of that generation.
  chunks integer not null default 0,
  characters integer,
  embedding_model text,
  dimensions integer,
  -- Vectors of that generation lie in `embedding`, where the server itself compares them.
  is_packed boolean not null default false,
  job_id uuid,
  created_at timestamptz not null default date_trunc('milliseconds', now()),
  updated_at timestamptz not null default date_trunc('milliseconds', now()),
  indexed_at timestamptz,
  unique (collection_id, name)
);
create index knowledge_documents_by_collection on knowledge_documents (collection_id, id desc);

create table knowledge_chunks (
  document_id uuid not null references knowledge_documents on delete cascade,
  generation uuid not null,
  ordinal integer not null,
  collection_id uuid not null,
  text text not null,
  -- The headings it stands below, outermost first.
  headings text[] not null default '{}',
  -- From 1, where the document has pages or lines.
  page integer,
  first_line integer,
  last_line integer,
  -- Written with the row, by the language of the collection; and `collection <id>`, which is no word of any text, so that
  -- the index of all words finds those of one collection.
  words tsvector not null,
  -- FP32, little-endian, of length 1. Null without vectors, and where the column `vector` holds it.
  embedding bytea,
  primary key (document_id, generation, ordinal)
);
-- Vectors do not compress, and are read whole.
alter table knowledge_chunks alter column embedding set storage external;
create index knowledge_chunks_by_collection on knowledge_chunks (collection_id);
create index knowledge_chunks_words on knowledge_chunks using gin (words);

alter table knowledge_collections enable row level security;
create policy knowledge_collections_read on knowledge_collections for select using (
  (select may_everything()) or owner_id = (select caller_id())
  or visibility = 'public' or (visibility = 'users' and (select is_signed_in())));
create policy knowledge_collections_create on knowledge_collections for insert
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy knowledge_collections_change on knowledge_collections for update
  using ((select may_everything()) or owner_id = (select caller_id()))
  with check ((select may_everything()) or owner_id = (select caller_id()));
create policy knowledge_collections_remove on knowledge_collections for delete
  using ((select may_everything()) or owner_id = (select caller_id()));

-- The ids of the collections are read once per query.
alter table knowledge_documents enable row level security;
create policy knowledge_documents_read on knowledge_documents for select using (
  (select may_everything()) or collection_id in (select id from knowledge_collections));
create policy knowledge_documents_create on knowledge_documents for insert with check (
  (select may_everything())
  or collection_id in (select id from knowledge_collections where owner_id = (select caller_id())));
create policy knowledge_documents_change on knowledge_documents for update
  using (
    (select may_everything())
    or collection_id in (select id from knowledge_collections where owner_id = (select caller_id())))
  with check (
    (select may_everything())
    or collection_id in (select id from knowledge_collections where owner_id = (select caller_id())));
create policy knowledge_documents_remove on knowledge_documents for delete using (
  (select may_everything())
  or collection_id in (select id from knowledge_collections where owner_id = (select caller_id())));

-- Made and removed by the server alone.
alter table knowledge_chunks enable row level security;
create policy knowledge_chunks_read on knowledge_chunks for select using (
  (select may_everything()) or collection_id in (select id from knowledge_collections));
create policy knowledge_chunks_write on knowledge_chunks for all
  using ((select is_system())) with check ((select is_system()));

grant select, insert, update, delete on knowledge_collections, knowledge_documents, knowledge_chunks to roundhouse_app;

-- The rule of the policy, for the functions that search with all rights: row-level security would look at each chunk, and
-- keep the index of words from being used, since what compares words may tell of rows it was not to see ("leakproof").
create function may_see_knowledge(wanted uuid) returns boolean
language sql stable security definer set search_path = roundhouse, pg_temp as $$
  select exists (
    select from knowledge_collections c
    where c.id = wanted and (may_everything() or c.owner_id = caller_id() or c.visibility = 'public'
      or (c.visibility = 'users' and is_signed_in())))
$$;

-- The best by words: those that have all, or any. Ranking reads each row: 10,000 took a second (2026-11).
create function knowledge_by_words(wanted uuid, language text, query text, any_word boolean, amount integer)
returns table (document_id uuid, generation uuid, ordinal integer, score float8)
language plpgsql stable security definer set search_path = roundhouse, pg_temp as $$
declare
  asked tsquery := websearch_to_tsquery(language::regconfig, query);
begin
  if not may_see_knowledge(wanted) then
    return;
  end if;
  if any_word then
    -- Of what is left out nothing may come back: any other word, or none of it, is what most have.
    if strpos(asked::text, '!') > 0 then
      return;
    end if;
    asked := replace(asked::text, ' & ', ' | ')::tsquery;
  end if;
  if numnode(asked) = 0 then
    return;
  end if;
  return query
    with matched as materialized (
      select c.document_id, c.generation, c.ordinal, c.words from knowledge_chunks c
      where c.words @@ (asked && format('''collection %s''', wanted)::tsquery) limit 3000)
    select m.document_id, m.generation, m.ordinal, ts_rank_cd(m.words, asked)::float8
    from matched m join knowledge_documents d
      on d.id = m.document_id and d.generation = m.generation and d.collection_id = wanted
    order by 4 desc, 1, 3 limit amount;
end $$;
revoke execute on function may_see_knowledge(uuid) from public;
revoke execute on function knowledge_by_words(uuid, text, text, boolean, integer) from public;
grant execute on function knowledge_by_words(uuid, text, text, boolean, integer) to roundhouse_app;

-- The documents as they were uploaded. One that an administrator made before and opened is closed.
insert into buckets (id) values ('knowledge')
  on conflict (id) do update set public = false, open_folders = false, updated_at = now();
alter table buckets add constraint buckets_knowledge_closed check (id <> 'knowledge' or not (public or open_folders));

-- A document goes with its collection, and a collection with its owner: their objects too. Bytes are for the sweep.
create function remove_document_file() returns trigger
language plpgsql security definer set search_path = roundhouse, pg_temp as $$
begin
  delete from objects where objects.version = old.object_version and objects.bucket_id = 'knowledge';
  return null;
end $$;
create trigger knowledge_documents_remove_file after delete on knowledge_documents
  for each row execute function remove_document_file();
revoke execute on function remove_document_file() from public;
