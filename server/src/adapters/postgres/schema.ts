import pg from 'pg'

/** The least-privilege role that everything but migrations runs as. */
export const appRole = 'roundhouse_app'

/** The migrating login owns it; the app role may only look things up in it. What is created next goes into it. */
export async function ensureSchema(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query<{ found: boolean; user: string }>(
    'select exists(select from pg_namespace where nspname = $1) as found, current_user as user',
    [schema],
  )
  // Asked first: `if not exists` wants the right to create schemas even where there is nothing to create.
  if (!rows[0]?.found) await createSchema(client, schema, rows[0]?.user)
  await client.query(`grant usage on schema ${schema} to ${appRole}`)
  // Again, here where no pooler can have dropped it: what is created would land in `public`.
  await client.query(`set local search_path = ${schema}, public`)
}

async function createSchema(client: pg.Client, schema: string, user: string | undefined): Promise<void> {
  try {
    await client.query(`create schema ${schema}`)
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '42501') throw error
    throw new Error(
      `The database user ${user} may not create the schema ${schema}. As an administrator of the database run: create schema ${schema} authorization "${user}";`,
      { cause: error },
    )
  }
}
