import type pg from 'pg'
import type { Log } from '../../kit/log.ts'
import { applyPending, readMigrations } from './migration-files.ts'
import { appRole, ensureSchema } from './schema.ts'

/** Holds the tables of the user. */
export const appSchema = 'app'
const ledger = `${appSchema}.applied_migrations`

/**
 * Applies the user's migrations in the caller's transaction, to a schema of their own. The app role may then read what
 * they made, and write the tables among it; rights on what was there before are left as they are.
 * @throws Error, naming file and line, when one fails or an applied one was edited.
 */
export async function applyAppMigrations(client: pg.Client, folder: string, log: Log): Promise<string[]> {
  const migrations = await readMigrations(folder)
  await ensureSchema(client, appSchema)
  const before = new Set((await relations(client)).map(({ name }) => name))
  const applied = await applyPending(client, migrations, ledger, log)
  for (const { name, kind } of await relations(client)) {
    if (name !== ledger && !before.has(name))
      await client.query(`grant ${rights[kind]} ${name} to ${appRole}`)
  }
  return applied.map(name => `${appSchema}/${name}`)
}

type Kind = 'table' | 'view' | 'sequence'

/** Through a view one might write what lies behind it, with the rights of its owner. */
const rights: Record<Kind, string> = {
  table: 'select, insert, update, delete on',
  view: 'select on',
  sequence: 'usage, select on sequence',
}

async function relations(client: pg.Client): Promise<{ name: string; kind: Kind }[]> {
  const { rows } = await client.query<{ name: string; kind: Kind }>(
    `select format('%I.%I', $1::text, relname) as name,
       case when relkind = 'S' then 'sequence' when relkind in ('v', 'm') then 'view' else 'table' end as kind
     from pg_class where relnamespace = $1::text::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')`,
    [appSchema],
  )
  return rows
}
