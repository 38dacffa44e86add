import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { destroyClient, readConnection, schemaName } from './connection.ts'
import { translate } from './database-errors.ts'

export type MigrateOptions = {
  /** The owner's connection, direct: not through a pooler in transaction mode. */
  url: string
  /** Holds `NNNN_name.sql`, plain SQL, applied in the order of their names. */
  folder: string
  log: Log
}

type Migration = { name: string; text: string; checksum: string }

const appRole = 'roundhouse_app'
/** 'Migrate'; any constant that never changes and is not the owner's lock. */
const lockKey = 1_298_754_421
const lockTimeoutMs = 30_000

/**
 * Applies what the database does not have yet, all in one transaction: all or nothing. Any number of processes may
 * call it at once. Migrations of a newer version are left alone, so that an older version still runs. What they make
 * without naming a schema goes into ours.
 * @throws Problem `database-unavailable`; Error, naming file and line, when a migration fails or an applied one was edited.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, folder, log } = options
  const migrations = await readMigrations(folder)
  const client = new pg.Client({
    ...readConnection({ url, applicationName: 'rh-migrate' }, log),
    connectionTimeoutMillis: 5000,
    lock_timeout: lockTimeoutMs,
  })
  client.on('error', error => log.warn('database-connection-lost', { reason: error.message }))
  await client.connect().catch(error => {
    throw translate(error)
  })
  try {
    await ensureAppRole(client)
    await client.query('begin')
    // An external database may set one that is too short for an index.
    await client.query('set local statement_timeout = 0')
    await takeLock(client)
    await ensureSchema(client)
    const applied = await applyPending(client, migrations, log)
    await client.query('commit')
    if (applied.length > 0) log.info('database-migrate', { applied })
    return { applied }
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  } finally {
    await client.end().catch(() => destroyClient(client))
  }
}

/** The migrations of `folder` that the database does not have yet; none of them when it was never migrated. */
export async function pendingMigrations<Tables>(options: {
  db: Kysely<Tables>
  folder: string
}): Promise<string[]> {
  const names = (await readMigrations(options.folder)).map(migration => migration.name)
  const known = await readAppliedNames(options.db)
  return names.filter(name => !known.has(name))
}

async function readAppliedNames<Tables>(db: Kysely<Tables>): Promise<Set<string>> {
  const exists = await sql<{
    found: boolean
  }>`select to_regclass('${sql.raw(schemaName)}.roundhouse_migrations') is not null as found`.execute(db)
  if (exists.rows[0]?.found !== true) return new Set()
  const { rows } = await sql<{ name: string }>`select name from roundhouse_migrations`.execute(db)
  return new Set(rows.map(row => row.name))
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.sql')).sort()
  const odd = names.find(name => !/^\d{4}_[a-z0-9_-]+\.sql$/.test(name))
  if (odd) throw new Error(`${join(folder, odd)} is not named like a migration: NNNN_name.sql.`)
  const twin = names.find((name, index) => name.slice(0, 4) === names[index - 1]?.slice(0, 4))
  if (twin)
    throw new Error(
      `There are two migrations with the number ${twin.slice(0, 4)} in ${folder}. Give one another number.`,
    )
  return Promise.all(
    names.map(async name => {
      const text = await readFile(join(folder, name), 'utf8')
      // A checkout on Windows may have changed the line ends; the migration is the same.
      const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex')
      return { name, text, checksum }
    }),
  )
}

async function takeLock(client: pg.Client): Promise<void> {
  try {
    await client.query('select pg_advisory_xact_lock($1)', [lockKey])
  } catch (error) {
    if (codeOf(error) !== '55P03') throw error
    throw new Error(
      `Another process has been migrating this database for ${lockTimeoutMs / 1000} s. Try again when it is done.`,
      {
        cause: error,
      },
    )
  }
}

/** The migrating login owns it; the app role may only look things up in it. */
async function ensureSchema(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ found: boolean; user: string }>(
    'select exists(select from pg_namespace where nspname = $1) as found, current_user as user',
    [schemaName],
  )
  // Asked first: `if not exists` wants the right to create schemas even where there is nothing to create.
  if (!rows[0]?.found) await createSchema(client, rows[0]?.user)
  await client.query(`grant usage on schema ${schemaName} to ${appRole}`)
  // Again, here where no pooler can have dropped it: what is created would land in `public`.
  await client.query(`set local search_path = ${schemaName}, public`)
}

async function createSchema(client: pg.Client, user: string | undefined): Promise<void> {
  try {
    await client.query(`create schema ${schemaName}`)
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new Error(
      `The database user ${user} may not create the schema ${schemaName}. As an administrator of the database run: create schema ${schemaName} authorization "${user}";`,
      { cause: error },
    )
  }
}

async function applyPending(client: pg.Client, migrations: Migration[], log: Log): Promise<string[]> {
  await client.query(
    `create table if not exists roundhouse_migrations (
       name text primary key,
       checksum text not null,
       applied_at timestamptz not null default now()
     )`,
  )
  await client.query(`grant select on roundhouse_migrations to ${appRole}`)
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select name, checksum from roundhouse_migrations',
  )
  const known = new Map(rows.map(row => [row.name, row.checksum]))
  const edited = migrations.find(({ name, checksum }) => known.has(name) && known.get(name) !== checksum)
  if (edited) {
    throw new Error(
      `The migration ${edited.name} was edited after it was applied. Restore it, and put the change into a new file.`,
    )
  }
  const newer = [...known.keys()].filter(name => !migrations.some(migration => migration.name === name))
  if (newer.length > 0)
    log.warn('database-newer', { migrations: newer, detail: 'A newer version has migrated this database.' })
  const pending = migrations.filter(({ name }) => !known.has(name))
  for (const migration of pending) await apply(client, migration)
  return pending.map(({ name }) => name)
}

async function apply(client: pg.Client, { name, text, checksum }: Migration): Promise<void> {
  try {
    await client.query(text)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    const place = error.position ? `:${lineAt(text, Number(error.position))}` : ''
    const detail = error.detail ? ` (${error.detail})` : ''
    throw new Error(
      `The migration ${name}${place} failed, and nothing was changed: ${error.message}${detail}`,
      { cause: error },
    )
  }
  // A `commit` or `rollback` in the file would have ended our transaction, and with it all or nothing.
  if (client.getTransactionStatus() !== 'T') {
    throw new Error(`The migration ${name} ends the transaction it runs in. Remove its commit or rollback.`)
  }
  await client.query('insert into roundhouse_migrations (name, checksum) values ($1, $2)', [name, checksum])
}

/** Line and column, from 1, of a position that counts characters from 1. */
function lineAt(text: string, position: number): string {
  const before = [...text]
    .slice(0, position - 1)
    .join('')
    .split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

/**
 * Migrations grant to `roundhouse_app`, so it must exist; without a password nobody can log in as it. An owner who
 * is no superuser becomes a member, to be able to start connections as this role.
 */
async function ensureAppRole(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ found: boolean; superuser: boolean; user: string }>(
    `select exists(select from pg_roles where rolname = $1) as found, rolsuper as superuser, rolname as user
     from pg_roles where rolname = current_user`,
    [appRole],
  )
  const state = rows[0]
  try {
    if (!state?.found) await tolerateTwin(client.query(`create role ${appRole} nologin`))
    if (!state?.superuser && !(await maySetRole(client))) {
      await tolerateTwin(client.query(`grant ${appRole} to current_user`))
    }
  } catch (error) {
    if (codeOf(error) !== '42501') throw error
    throw new Error(
      `The database user ${state?.user} may not set up the role ${appRole}. As an administrator of the database run: create role ${appRole} nologin; grant ${appRole} to "${state?.user}";`,
      { cause: error },
    )
  }
}

async function maySetRole(client: pg.Client): Promise<boolean> {
  // 'SET' exists since PostgreSQL 16; before, membership was enough.
  const { rows } = await client.query<{ allowed: boolean }>(
    `select pg_has_role(current_user, $1, case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end) as allowed`,
    [appRole],
  )
  return rows[0]?.allowed === true
}

/** Another migrator may do the same at the same moment: what it made is what we want. */
async function tolerateTwin(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!['42710', '23505', 'XX000'].includes(codeOf(error) ?? '')) throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}
