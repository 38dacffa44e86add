import { type Generated, type Kysely, type Selectable, sql } from 'kysely'
import type { CalledKind, ProviderConfig } from './provider-config.ts'
import { modelFromWire, modelToWire, type WireModel } from './wire-model.ts'

type ProvidersTable = {
  name: string
  kind: CalledKind
  base_url: string | null
  models: unknown
  fallbacks: unknown
  max_concurrent: number
  connect_timeout_ms: number
  first_token_timeout_ms: number
  idle_timeout_ms: number
  is_enabled: boolean
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export type ProviderTables = { providers: ProvidersTable }

/** One of the database. */
export type StoredProvider = ProviderConfig & { readonly kind: CalledKind }

/** SQL of the providers. */
export function createProviderStore(db: Kysely<ProviderTables>) {
  return {
    async list(): Promise<StoredProvider[]> {
      const rows = await db.selectFrom('providers').selectAll().orderBy('name').execute()
      return rows.map(toProvider)
    },

    /** Undefined when there is none. Nobody else changes it until the transaction ends. */
    async lock(name: string): Promise<StoredProvider | undefined> {
      const row = await db
        .selectFrom('providers')
        .selectAll()
        .where('name', '=', name)
        .forUpdate()
        .executeTakeFirst()
      return row && toProvider(row)
    },

    /** Adds or replaces. */
    async put(provider: StoredProvider): Promise<void> {
      const row = toRow(provider)
      await db
        .insertInto('providers')
        .values(row)
        .onConflict(conflict => conflict.column('name').doUpdateSet({ ...row, updated_at: sql<Date>`now()` }))
        .execute()
    },

    /** False when there is none of this name. */
    async remove(name: string): Promise<boolean> {
      const { numDeletedRows } = await db.deleteFrom('providers').where('name', '=', name).executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}

function toProvider(row: Selectable<ProvidersTable>): StoredProvider {
  return {
    name: row.name,
    kind: row.kind,
    source: 'database',
    baseUrl: row.base_url,
    // Written by `toRow` alone.
    models: (row.models as WireModel[]).map(modelFromWire),
    fallbacks: row.fallbacks as string[],
    maxConcurrent: row.max_concurrent,
    connectTimeoutMs: row.connect_timeout_ms,
    firstTokenTimeoutMs: row.first_token_timeout_ms,
    idleTimeoutMs: row.idle_timeout_ms,
    isEnabled: row.is_enabled,
  }
}

function toRow(provider: StoredProvider) {
  return {
    name: provider.name,
    kind: provider.kind,
    base_url: provider.baseUrl,
    models: JSON.stringify(provider.models.map(modelToWire)),
    fallbacks: JSON.stringify(provider.fallbacks),
    max_concurrent: provider.maxConcurrent,
    connect_timeout_ms: provider.connectTimeoutMs,
    first_token_timeout_ms: provider.firstTokenTimeoutMs,
    idle_timeout_ms: provider.idleTimeoutMs,
    is_enabled: provider.isEnabled,
  }
}
