import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { applyAppMigrations } from './app-migrations.ts'
import { destroyClient, readConnection, schemaName } from './connection.ts'
import { translate } from './database-errors.ts'
import { applyPending, readMigrations } from './migration-files.ts'
import { appRole, ensureSchema } from './schema.ts'

export type MigrateOptions = {
  /** The owner's connection, direct: not through a pooler in transaction mode. */
  url: string
  /** Holds `NNNN_name.sql`, plain SQL, applied in the order of their names. */
  folder: string
  /** What else this program keeps in the database: brought up to date after the files, in the same transaction. */
  install?: (client: pg.ClientBase) => Promise<void>
  /** The user's own migrations, after ours: another folder of the same form, for the schema `app`. */
  appFolder?: string | undefined
  log: Log
}

const ledger = 'roundhouse_migrations'
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
  const { url, folder, install, appFolder, log } = options
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
    await ensureSchema(client, schemaName)
    const applied = await applyPending(client, migrations, ledger, log)
    await install?.(client)
    if (appFolder !== undefined) applied.push(...(await applyAppMigrations(client, appFolder, log)))
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
