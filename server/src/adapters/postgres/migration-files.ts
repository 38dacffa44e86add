import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { appRole } from './schema.ts'

type Migration = { name: string; text: string; checksum: string }

/** In the order of their names. @throws Error for a folder that is not there, and names that are not `NNNN_name.sql`. */
export async function readMigrations(folder: string): Promise<Migration[]> {
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

/**
 * Applies those that `ledger`, a table that is made here, does not name yet. Gives their names.
 * @throws Error, naming file and line, when one fails or an applied one was edited.
 */
export async function applyPending(
  client: pg.Client,
  migrations: readonly Migration[],
  ledger: string,
  log: Log,
): Promise<string[]> {
  await client.query(
    `create table if not exists ${ledger} (
       name text primary key,
       checksum text not null,
       applied_at timestamptz not null default now()
     )`,
  )
  await client.query(`grant select on ${ledger} to ${appRole}`)
  const { rows } = await client.query<{ name: string; checksum: string }>(
    `select name, checksum from ${ledger}`,
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
  for (const migration of pending) await apply(client, migration, ledger)
  return pending.map(({ name }) => name)
}

async function apply(client: pg.Client, { name, text, checksum }: Migration, ledger: string): Promise<void> {
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
  await client.query(`insert into ${ledger} (name, checksum) values ($1, $2)`, [name, checksum])
}

/** Line and column, from 1, of a position that counts characters from 1. */
function lineAt(text: string, position: number): string {
  const before = [...text]
    .slice(0, position - 1)
    .join('')
    .split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}
