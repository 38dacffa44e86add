import pg from 'pg'
import { getConstructionPlans, getMigrationPlans, PgBoss } from 'pg-boss'
import { invariant } from '../../kit/invariant.ts'
import { deadLetters, queueNames, queueSchema } from './names.ts'

const appRole = 'roundhouse_app'

/** A crash costs the heartbeat, a pass of the monitor and a retry: 27 s at most, some 15 s measured (2026-07). */
const queueOptions = {
  // pg-boss allows no more.
  expireInSeconds: 24 * 3600 - 1,
  heartbeatSeconds: 10,
  // The row counts attempts and crashes since the job last got on and ends it long before; this is for what can end no row.
  retryLimit: 200,
  retryDelay: 1,
  retryBackoff: true,
  retryDelayMax: 2,
  // Ten years from its start: a ticket that goes before its job would lose the job.
  retentionSeconds: 3650 * 24 * 3600,
  deleteAfterSeconds: 3600,
  notify: true,
} as const

/** Tells apart what two versions of this program install. */
export const installedText = (): string =>
  getConstructionPlans(queueSchema, { createSchema: false }) + JSON.stringify(queueOptions)

/**
 * Installs the queue or brings it up to this version, as its owner and in the caller's transaction. One that a newer
 * version has installed is left alone.
 * @throws Error, one sentence, when the owner may not create the schema.
 */
export async function installQueue(client: pg.ClientBase): Promise<void> {
  await ensureSchema(client)
  const version = await versionOf(client)
  const boss = new PgBoss({ schema: queueSchema, db: { executeSql: run } })
  const program = Number(/insert into \S+\.version\(version\) values \('(\d+)'\)/i.exec(installedText())?.[1])
  invariant(program > 0, 'the plans of pg-boss end with their version')
  if (version === undefined) await run(getConstructionPlans(queueSchema, { createSchema: false }))
  else if (version < program) await run(getMigrationPlans(queueSchema, version))
  else if (version > program) return
  await run(`grant usage on schema ${queueSchema} to ${appRole}`)
  await run(`grant select, insert, update, delete on all tables in schema ${queueSchema} to ${appRole}`)
  await run(`grant execute on all functions in schema ${queueSchema} to ${appRole}`)
  for (const name of queueNames) {
    const dead = deadLetters(name)
    await boss.createQueue(dead, { ...queueOptions, notify: false })
    await boss.createQueue(name, { ...queueOptions, deadLetter: dead })
    // For one that was there, creating does nothing.
    await boss.updateQueue(dead, { ...queueOptions, notify: false })
    await boss.updateQueue(name, { ...queueOptions, deadLetter: dead })
  }

  /** pg-boss brings transactions of its own, whose end would be the end of ours. */
  function run(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    return client.query(text.replace(/^\s*begin;/i, '').replace(/commit;\s*$/i, ''), values)
  }
}

async function versionOf(client: pg.ClientBase): Promise<number | undefined> {
  const found = await client.query('select to_regclass($1) is not null as found', [`${queueSchema}.version`])
  if (!found.rows[0]?.found) return undefined
  const { rows } = await client.query(`select version from ${queueSchema}.version`)
  return Number(rows[0]?.version)
}

async function ensureSchema(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query(
    'select exists(select from pg_namespace where nspname = $1) as found, current_user as user',
    [queueSchema],
  )
  if (rows[0]?.found) return
  try {
    await client.query(`create schema ${queueSchema}`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error
    throw new Error(
      `The database user ${rows[0]?.user} may not create the schema ${queueSchema}. As an administrator of the database run: create schema ${queueSchema} authorization "${rows[0]?.user}";`,
      { cause: error },
    )
  }
}
