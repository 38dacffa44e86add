import { type Generated, type Kysely, type RawBuilder, sql } from 'kysely'

type SecretsTable = {
  id: string
  name: string
  sealed: string
  /** Where tools of agents may send it, `host` or `host:port`. */
  hosts: Generated<readonly string[]>
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export type SecretTables = { secrets: SecretsTable }

export type SealedSecret = { readonly id: string; readonly name: string; readonly sealed: string }

/** `key_id` is empty when the row was changed by other hands and names no key. */
export type SecretRow = {
  name: string
  key_id: string
  hosts: readonly string[]
  created_at: Date
  updated_at: Date
}

/** A key id has at most 32 characters, so a large value is not read for it. */
const keyId: RawBuilder<string> = sql<string>`coalesce(substring(left(sealed, 64) from '^v1\\.([A-Za-z0-9_-]+)\\.'), '')`

/** SQL of the secrets. */
export function createSecretStore(db: Kysely<SecretTables>) {
  return {
    /**
     * Adds the secret, or gives the one of this name the new id and value: the row's id is part of what is sealed. The
     * hosts stay as they are where none are given.
     */
    async put(secret: SealedSecret & { hosts?: readonly string[] | undefined }): Promise<void> {
      const { id, name, sealed, hosts } = secret
      const given = hosts === undefined ? {} : { hosts }
      await db
        .insertInto('secrets')
        .values({ id, name, sealed, ...given })
        .onConflict(conflict =>
          conflict.column('name').doUpdateSet({ id, sealed, ...given, updated_at: sql<Date>`now()` }),
        )
        .execute()
    },

    list(): Promise<SecretRow[]> {
      return db
        .selectFrom('secrets')
        .select(['name', keyId.as('key_id'), 'hosts', 'created_at', 'updated_at'])
        .orderBy('name')
        .execute()
    },

    /** False when there is none of this name. */
    async remove(name: string): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('secrets').where('name', '=', name).executeTakeFirst()
      return numDeletedRows > 0n
    },

    async byName(name: string): Promise<SealedSecret | null> {
      const row = await db
        .selectFrom('secrets')
        .select(['id', 'name', 'sealed'])
        .where('name', '=', name)
        .executeTakeFirst()
      return row ?? null
    },

    async forTools(name: string): Promise<(SealedSecret & { readonly hosts: readonly string[] }) | null> {
      const row = await db
        .selectFrom('secrets')
        .select(['id', 'name', 'sealed', 'hosts'])
        .where('name', '=', name)
        .executeTakeFirst()
      return row ?? null
    },

    /** In the order of their ids. */
    page(afterId: string, limit: number): Promise<SealedSecret[]> {
      return db
        .selectFrom('secrets')
        .select(['id', 'name', 'sealed'])
        .where('id', '>', afterId)
        .orderBy('id')
        .limit(limit)
        .execute()
    },

    /**
     * Replaces each sealed text that is still the one given: a value that was put meanwhile stays. Returns how many.
     * Locks in the order of the ids, so that two rotations never wait for each other in a circle.
     * `any` makes it look the rows up; for the join alone the whole table was read for each page.
     */
    async reseal(rows: readonly { id: string; sealed: string; resealed: string }[]): Promise<number> {
      const ids = rows.map(row => row.id)
      const { numAffectedRows } = await sql`
        with given as (
          select * from unnest(
            ${ids}::uuid[], ${rows.map(row => row.sealed)}::text[],
            ${rows.map(row => row.resealed)}::text[]
          ) as row (id, sealed, resealed)
        ), free as (
          select secrets.id, given.resealed from secrets join given using (id, sealed)
          where secrets.id = any (${ids}::uuid[])
          order by secrets.id for update of secrets
        )
        update secrets set sealed = free.resealed from free where secrets.id = free.id`.execute(db)
      return Number(numAffectedRows ?? 0)
    },

    /** How many secrets name which key. */
    async countByKey(): Promise<Map<string, number>> {
      const rows = await db
        .selectFrom('secrets')
        .select([keyId.as('key_id'), sql<number>`count(*)::int`.as('count')])
        .groupBy(keyId)
        .execute()
      return new Map(rows.map(row => [row.key_id, row.count]))
    },
  }
}
