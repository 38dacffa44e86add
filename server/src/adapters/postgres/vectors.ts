import pg from 'pg'
import type { Log } from '../../kit/log.ts'

const appRole = 'roundhouse_app'

/**
 * Where the database has pgvector, and its owner may install it: the column for vectors of chunks, what makes a vector of
 * a text, and the search among them. Elsewhere nothing happens, and the server compares vectors itself. In the caller's
 * transaction, at each migration: an extension that comes later is found by the next one.
 */
export async function installVectors(client: pg.ClientBase, log: Log): Promise<void> {
  const schema = await schemaOfExtension(client, log)
  if (schema === undefined) return
  const extension = pg.escapeIdentifier(schema)
  if (!(await hasColumn(client))) {
    await client.query(`alter table knowledge_chunks add column vector ${extension}.vector`)
    // Vectors do not compress.
    await client.query('alter table knowledge_chunks alter column vector set storage external')
  }
  await client.query(`
    create or replace function knowledge_vector(given text) returns ${extension}.vector
    language sql immutable parallel safe as $$ select given::${extension}.vector $$`)
  // Exact: an index over the chunks of everyone would find few of those in one collection. Of unit vectors the inner product
  // is the cosine, and of zeros it is 0. The text is made a vector once: for each row it took most of the time.
  await client.query(`
    create or replace function knowledge_nearest(wanted uuid, documents uuid[], query text, amount integer)
    returns table (document_id uuid, generation uuid, ordinal integer, score float8)
    language plpgsql stable security definer set search_path = roundhouse, pg_temp as $$
    declare
      asked ${extension}.vector := query::${extension}.vector;
    begin
      if not may_see_knowledge(wanted) then
        return;
      end if;
      return query
        select c.document_id, c.generation, c.ordinal, -(c.vector operator(${extension}.<#>) asked)
        from knowledge_documents d
        join knowledge_chunks c on c.document_id = d.id and c.generation = d.generation
        where d.collection_id = wanted and d.id = any(documents) and c.vector is not null
          and d.dimensions = ${extension}.vector_dims(asked)
        order by c.vector operator(${extension}.<#>) asked, c.document_id, c.ordinal limit amount;
    end $$`)
  const signature = 'knowledge_nearest(uuid, uuid[], text, integer)'
  await client.query(`revoke execute on function ${signature} from public`)
  await client.query(`grant execute on function ${signature} to ${appRole}`)
}

/** Undefined where there is none. */
async function schemaOfExtension(client: pg.ClientBase, log: Log): Promise<string | undefined> {
  const found = await installedIn(client)
  if (found !== undefined) return reachable(client, found)
  const { rows } = await client.query(`select from pg_available_extensions where name = 'vector'`)
  if (rows.length === 0) return undefined
  await client.query('savepoint vectors')
  try {
    await client.query('create extension if not exists vector')
    await client.query('release savepoint vectors')
  } catch (error) {
    await client.query('rollback to savepoint vectors')
    if (!(error instanceof pg.DatabaseError)) throw error
    log.warn('pgvector-not-installed', {
      reason: error.message,
      detail: 'As an administrator of the database run: create extension vector;',
    })
    return undefined
  }
  return installedIn(client)
}

async function installedIn(client: pg.ClientBase): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string }>(
    `select nspname as schema from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
     where extname = 'vector'`,
  )
  return rows[0]?.schema
}

/** Undefined where the least-privilege role may not look into the schema of the extension, and cannot be let. */
async function reachable(client: pg.ClientBase, schema: string): Promise<string | undefined> {
  const mayUse = async () => {
    const { rows } = await client.query<{ may: boolean }>(
      `select has_schema_privilege($1, $2, 'usage') as may`,
      [appRole, schema],
    )
    return rows[0]?.may === true
  }
  if (!(await mayUse())) {
    await client.query('savepoint vectors')
    await client
      .query(`grant usage on schema ${pg.escapeIdentifier(schema)} to ${appRole}`)
      .catch(async () => {
        await client.query('rollback to savepoint vectors')
      })
  }
  return (await mayUse()) ? schema : undefined
}

async function hasColumn(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query(
    `select from pg_attribute
     where attrelid = 'knowledge_chunks'::regclass and attname = 'vector' and not attisdropped`,
  )
  return rows.length > 0
}
