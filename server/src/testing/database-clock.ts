import pg from 'pg'

/** Turns the clock that schedules go by, of a test's own database. */
export async function turnSchedules(adminUrl: string, to: Date | { aheadSeconds: number }): Promise<void> {
  const moment =
    to instanceof Date
      ? `timestamptz '${to.toISOString()}'`
      : `pg_catalog.now() + interval '${to.aheadSeconds} seconds'`
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await client.query(
      `create or replace function roundhouse.schedule_now() returns timestamptz language sql stable as $$ select ${moment} $$`,
    )
  } finally {
    await client.end()
  }
}
