import type { ModelKind, ModelStatus, Plan, Visibility } from '@roundhouse/sdk/contract'
import { type Generated, type GeneratedAlways, type Kysely, type Selectable, type SqlBool, sql } from 'kysely'
import type { Caller } from '../accounts/caller.ts'
import { withoutUndefined } from '../kit/without-undefined.ts'
import type { Model } from './model.ts'

type ModelsTable = {
  id: string
  number: Generated<string>
  owner_id: string | null
  name: string
  version: string
  description: string | null
  status: ModelStatus
  error: string | null
  visibility: Generated<Visibility>
  price: Generated<string | number>
  kind: ModelKind | null
  format: 'onnx' | null
  file_key: string | null
  /** Read from the key: the object that is the file. */
  file_version: GeneratedAlways<string | null>
  file_hash: string | null
  file_size_bytes: string | number | null
  input_schema: unknown
  output_schema: unknown
  metadata: Generated<unknown>
  unloaded: Generated<boolean>
  last_used_at: Date | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
}

export type ModelTables = { models: ModelsTable }

type Changes<Row> = { [Column in keyof Row]?: Row[Column] | undefined }

export type NewModel = Pick<Model, 'id' | 'owner_id' | 'name' | 'version' | 'status'> & ModelChange

/** Absent and undefined fields stay as they are. */
export type ModelChange = Changes<
  Pick<
    Model,
    | 'description'
    | 'status'
    | 'error'
    | 'visibility'
    | 'price'
    | 'kind'
    | 'format'
    | 'file_key'
    | 'file_hash'
    | 'file_size_bytes'
    | 'input_schema'
    | 'output_schema'
    | 'metadata'
    | 'unloaded'
  >
>

export type Usage = Pick<Plan, 'max_models' | 'max_model_bytes'> & {
  plan: string
  versions: number
  bytes: number
}

export type ModelFilter = {
  name?: string | undefined
  status?: ModelStatus | undefined
  /** Only rows created before the one of this number. */
  beforeNumber?: number | undefined
  limit: number
}

/** SQL of the models room. Uniqueness of (owner, name, version) is the database's to keep, and so is who sees what. */
export type ModelStore = ReturnType<typeof createModelStore>

export function createModelStore(db: Kysely<ModelTables>) {
  return {
    /** Null when the owner has this name and version already. */
    async insert(model: NewModel): Promise<Model | null> {
      const row = await db
        .insertInto('models')
        .values({ ...withoutUndefined(model), ...jsonColumns(model) } as never)
        .onConflict(conflict => conflict.columns(['owner_id', 'name', 'version']).doNothing())
        .returningAll()
        .executeTakeFirst()
      return row ? toModel(row) : null
    },

    async byId(id: string): Promise<Model | null> {
      const row = await db.selectFrom('models').selectAll().where('id', '=', id).executeTakeFirst()
      return row ? toModel(row) : null
    },

    /** Newest first. */
    async list(filter: ModelFilter): Promise<Model[]> {
      let query = db.selectFrom('models').selectAll().orderBy('number', 'desc').limit(filter.limit)
      if (filter.name !== undefined) query = query.where('name', '=', filter.name)
      if (filter.status !== undefined) query = query.where('status', '=', filter.status)
      if (filter.beforeNumber !== undefined) query = query.where('number', '<', String(filter.beforeNumber))
      return (await query.execute()).map(toModel)
    },

    /** Every version that can be served or brought back, and every one that makes a name the house's. */
    async listCatalogue(): Promise<Model[]> {
      const rows = await db
        .selectFrom('models')
        .selectAll()
        .where(
          sql<SqlBool>`status in ('ready', 'archived') or (owner_id is null and visibility <> 'private')`,
        )
        .execute()
      return rows.map(toModel)
    },

    /**
     * Every version of the family a bare name stands for, newest first, at most 1000: the one with a ready version, of
     * this user, of the house, the one that was there first. `familyFor` is the same rule in memory.
     */
    async family(name: string, { role, userId }: Pick<Caller, 'role' | 'userId'>): Promise<Model[]> {
      const meant = sql<SqlBool>`(owner_id is null or owner_id = ${userId}::uuid or (
        ${role}::text <> 'service' and visibility <> 'private' and not is_house_name(name)))`
      const chosen = sql<string | null>`(
        select owner_id from models where name = ${name} and ${meant} group by owner_id
        order by bool_or(status = 'ready') desc, owner_id is not distinct from ${userId}::uuid desc,
          owner_id is null desc, min(number) filter (where status in ('ready', 'archived')), min(number)
        limit 1)`
      const rows = await db
        .selectFrom('models')
        .selectAll()
        .where('name', '=', name)
        .where(meant)
        .where('owner_id', 'is not distinct from', chosen)
        .orderBy('number', 'desc')
        .limit(1000)
        .execute()
      return rows.map(toModel)
    },

    async isTaken({
      owner_id,
      name,
      version,
    }: Pick<Model, 'owner_id' | 'name' | 'version'>): Promise<boolean> {
      const row = await db
        .selectFrom('models')
        .select('id')
        .where('owner_id', 'is not distinct from', owner_id)
        .where('name', '=', name)
        .where('version', '=', version)
        .executeTakeFirst()
      return row !== undefined
    },

    /** Of the versions that were ever ready: the newest, or the one that is named. */
    async newest(ownerId: string | null, name: string, version?: string): Promise<Model | null> {
      let query = db
        .selectFrom('models')
        .selectAll()
        .where('owner_id', 'is not distinct from', ownerId)
        .where('name', '=', name)
        .where('status', 'in', ['ready', 'archived'])
      if (version !== undefined) query = query.where('version', '=', version)
      const row = await query.orderBy('number', 'desc').limit(1).executeTakeFirst()
      return row ? toModel(row) : null
    },

    /** Until the transaction ends nobody else adds to what this owner has. */
    async lockOwner(ownerId: string | null): Promise<void> {
      await sql`select pg_advisory_xact_lock(hashtextextended(${ownerId ?? 'house'}, 20))`.execute(db)
    },

    /** What a user has and what their plan gives; undefined when they are gone. */
    async usage(userId: string): Promise<Usage | undefined> {
      const { rows } = await sql<Usage>`
        select plans.name as plan, plans.max_models, plans.max_model_bytes::float8 as max_model_bytes,
          (select count(*) from models where owner_id = users.id)::integer as versions,
          (select coalesce(sum(file_size_bytes), 0) from models where owner_id = users.id)::float8 as bytes
        from users join plans on plans.name = users.plan where users.id = ${userId}`.execute(db)
      return rows[0]
    },

    /** One more than the largest whole-number version of the owner's name; 1 for a new name. */
    async nextVersion(ownerId: string | null, name: string): Promise<string> {
      const row = await db
        .selectFrom('models')
        .select(sql<string>`coalesce(max(version::numeric), 0) + 1`.as('next'))
        .where('owner_id', 'is not distinct from', ownerId)
        .where('name', '=', name)
        .where(sql<SqlBool>`version ~ '^[0-9]{1,18}$'`)
        .executeTakeFirstOrThrow()
      return row.next
    },

    /**
     * Changes the row only while it is in one of `from` (any state when absent), so that two callers cannot
     * both win. Null when it is not, or is gone.
     */
    async update(id: string, change: ModelChange, from?: readonly ModelStatus[]): Promise<Model | null> {
      let query = db
        .updateTable('models')
        .set({ ...withoutUndefined(change), ...jsonColumns(change), updated_at: sql`now()` } as never)
        .where('id', '=', id)
      if (from) query = query.where('status', 'in', from)
      const row = await query.returningAll().executeTakeFirst()
      return row ? toModel(row) : null
    },

    async remove(id: string): Promise<Model | null> {
      const row = await db.deleteFrom('models').where('id', '=', id).returningAll().executeTakeFirst()
      return row ? toModel(row) : null
    },

    /** Notes when each model last answered; `used` is id -> milliseconds since the epoch. */
    async touch(used: ReadonlyMap<string, number>): Promise<void> {
      if (used.size === 0) return
      const ids = [...used.keys()]
      const times = [...used.values()].map(ms => new Date(ms))
      await sql`
        update models set last_used_at = greatest(models.last_used_at, used.at)
        from unnest(${ids}::uuid[], ${times}::timestamptz[]) as used (id, at)
        where models.id = used.id`.execute(db)
    },

    /** Validations whose process died: `minutes` without a result. They may be asked for again. */
    async resetStaleValidations(minutes: number): Promise<void> {
      await db
        .updateTable('models')
        .set({ status: 'uploaded' })
        .where('status', '=', 'validating')
        .where('updated_at', '<', sql<Date>`now() - make_interval(mins => ${minutes})`)
        .execute()
    },

    /** The keys, among these, that a row names. */
    async knownFileKeys(keys: readonly string[]): Promise<Set<string>> {
      if (keys.length === 0) return new Set()
      const rows = await db.selectFrom('models').select('file_key').where('file_key', 'in', keys).execute()
      return new Set(rows.flatMap(row => row.file_key ?? []))
    },

    /** True until the first model ever is created, and never again: the numbering has not begun. */
    async neverUsed(): Promise<boolean> {
      const { rows } = await sql<{ is_called: boolean }>`select is_called from models_number_seq`.execute(db)
      return rows[0]?.is_called === false
    },
  }
}

function jsonColumns(change: ModelChange): Record<string, string | null> {
  const columns: Record<string, string | null> = {}
  for (const column of ['input_schema', 'output_schema', 'metadata'] as const) {
    const value = change[column]
    if (value !== undefined) columns[column] = value === null ? null : JSON.stringify(value)
  }
  return columns
}

function toModel({ file_version: _fileVersion, ...row }: Selectable<ModelsTable>): Model {
  return {
    ...row,
    number: Number(row.number),
    price: Number(row.price),
    file_size_bytes: row.file_size_bytes === null ? null : Number(row.file_size_bytes),
    input_schema: row.input_schema as Model['input_schema'],
    output_schema: row.output_schema as Model['output_schema'],
    metadata: row.metadata as Model['metadata'],
  }
}
