import { type Kysely, type SqlBool, sql } from 'kysely'
import type { FileTables } from '../store.ts'

const forgottenAtATime = 5000

/** SQL of the sweep; over the connections of the server's own work, which see every row. */
export type SweepStore = ReturnType<typeof createSweepStore>

export function createSweepStore(db: Kysely<FileTables>) {
  return {
    /** Undefined for a database that has no file store yet. */
    async installation(): Promise<string | undefined> {
      const row = await db.selectFrom('installation').select('id').executeTakeFirst()
      return row?.id
    },

    /** Gives the id that holds: of several at once the first one's. */
    async becomeInstallation(id: string): Promise<string> {
      await db
        .insertInto('installation')
        .values({ id })
        .onConflict(conflict => conflict.doNothing())
        .execute()
      return (await db.selectFrom('installation').select('id').executeTakeFirstOrThrow()).id
    },

    /** Of these versions, those that a row names, and when it was written. */
    async knownVersions(versions: readonly string[]): Promise<Map<string, Date>> {
      const rows = await db
        .selectFrom('objects')
        .select(['version', 'updated_at'])
        .where(sql<SqlBool>`version = any(${versions}::uuid[])`)
        .execute()
      return new Map(rows.map(row => [row.version, row.updated_at]))
    },

    /** Of these versions, those that a row named once. */
    async removedVersions(versions: readonly string[]): Promise<Set<string>> {
      const rows = await db
        .selectFrom('removed_versions')
        .select('version')
        .where(sql<SqlBool>`version = any(${versions}::uuid[])`)
        .execute()
      return new Set(rows.map(row => row.version))
    },

    /** Once their bytes are gone. */
    async forgetRemoved(before: Date): Promise<void> {
      for (;;) {
        const { numDeletedRows } = await db
          .deleteFrom('removed_versions')
          .where(
            'version',
            'in',
            db
              .selectFrom('removed_versions')
              .select('version')
              .where('removed_at', '<', before)
              .limit(forgottenAtATime),
          )
          .executeTakeFirst()
        if (numDeletedRows < forgottenAtATime) return
      }
    },

    async countBefore(moment: Date): Promise<number> {
      const { count } = await db
        .selectFrom('objects')
        .select(({ fn }) => fn.countAll<string>().as('count'))
        .where('updated_at', '<', moment)
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    /** In the order of the ids. */
    versionsAfter(
      id: string,
      before: Date,
      limit: number,
    ): Promise<{ id: string; version: string; bucket_id: string }[]> {
      return db
        .selectFrom('objects')
        .select(['id', 'version', 'bucket_id'])
        .where('id', '>', id)
        .where('updated_at', '<', before)
        .orderBy('id')
        .limit(limit)
        .execute()
    },
  }
}
