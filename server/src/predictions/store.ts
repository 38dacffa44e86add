import type { PredictionRecord } from '@roundhouse/sdk/contract'
import { type Kysely, type RawBuilder, sql } from 'kysely'

type PredictionsTable = {
  model_id: string
  id: string
  model_version: string
  user_id: string | null
  request_id: string | null
  input_data: unknown
  output_data: unknown
  inference_time_ms: number
  cached: boolean
  status: 'ok' | 'error'
  error: string | null
  created_at: Date
}

export type PredictionTables = { predictions: PredictionsTable }

/** One row of the history. Ids, version and request id are of characters that need no escaping in an array. */
export type NewPrediction = {
  readonly modelId: string
  readonly id: string
  readonly modelVersion: string
  readonly userId: string | null
  readonly requestId: string | null
  readonly inputJson: string | null
  readonly outputJson: string | null
  readonly inferenceTimeMs: number
  readonly cached: boolean
  /** Null when it went well. */
  readonly error: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** SQL of the predictions room. */
export type PredictionStore = ReturnType<typeof createPredictionStore>

export function createPredictionStore(db: Kysely<PredictionTables>) {
  async function remove(condition: RawBuilder<unknown>, limit: number): Promise<number> {
    const { numAffectedRows } = await sql`
      delete from predictions
      where ctid = any (array(select ctid from predictions where ${condition} limit ${limit}))`.execute(db)
    return Number(numAffectedRows ?? 0)
  }

  return {
    /**
     * A row that is there already is left alone, so that a batch may be sent twice. One array per column: Postgres
     * took 16 us per row for it against 29 for `json_to_recordset`, and 22 when the driver wrote the arrays (2026-11).
     */
    async insert(rows: readonly NewPrediction[]): Promise<void> {
      await sql`
        insert into predictions (
          model_id, id, model_version, user_id, request_id, input_data, output_data, inference_time_ms, cached, status, error,
          created_at)
        select model_id, id, model_version, user_id, request_id, input_data::json, output_data::json, inference_time_ms, cached,
          case when error is null then 'ok' else 'error' end, error, to_timestamp(created_ms / 1000)
        from unnest(
          ${literal(rows, row => row.modelId)}::uuid[], ${literal(rows, row => row.id)}::uuid[],
          ${literal(rows, row => row.modelVersion)}::text[], ${literal(rows, row => row.userId)}::uuid[],
          ${literal(rows, row => row.requestId)}::text[],
          string_to_array(${separated(rows, row => row.inputJson)}, ${separator}, ''),
          string_to_array(${separated(rows, row => row.outputJson)}, ${separator}, ''),
          ${literal(rows, row => row.inferenceTimeMs)}::double precision[], ${literal(rows, row => row.cached)}::boolean[],
          ${rows.map(row => row.error)}::text[], ${literal(rows, row => row.createdAt)}::double precision[]
        ) as row (
          model_id, id, model_version, user_id, request_id, input_data, output_data, inference_time_ms, cached, error, created_ms)
        on conflict do nothing`.execute(db)
    },

    /** Newest first; of one user, or of everyone when `userId` is undefined. `input_data` and `output_data` come as JSON text, because their integers may be larger than 2^53. */
    async list(
      modelId: string,
      options: { userId?: string | undefined; beforeId?: string | undefined; limit: number },
    ): Promise<StoredPrediction[]> {
      let query = db
        .selectFrom('predictions')
        .select([
          'id',
          'model_id',
          'model_version',
          'user_id',
          'request_id',
          'inference_time_ms',
          'cached',
          'status',
          'error',
          'created_at',
        ])
        .select([
          sql<string | null>`input_data::text`.as('input_data'),
          sql<string | null>`output_data::text`.as('output_data'),
        ])
        .where('model_id', '=', modelId)
        .orderBy('id', 'desc')
        .limit(options.limit)
      if (options.userId !== undefined) query = query.where('user_id', '=', options.userId)
      if (options.beforeId !== undefined) query = query.where('id', '<', options.beforeId)
      return query.execute()
    },

    /** Removes up to `limit` rows that are older; how many it removed. */
    removeOlderThan: (time: Date, limit: number): Promise<number> => remove(sql`created_at < ${time}`, limit),

    /** Removes up to `limit` rows of one model; how many it removed. */
    removeOfModel: (modelId: string, limit: number): Promise<number> =>
      remove(sql`model_id = ${modelId}`, limit),
  }
}

export type StoredPrediction = Omit<
  PredictionRecord,
  'input_data' | 'output_data' | 'created_at' | 'request_id'
> & {
  request_id: string | null
  input_data: string | null
  output_data: string | null
  created_at: Date
}

/** A control character, which JSON text never contains unescaped. */
const separator = '\u001e'

function separated(rows: readonly NewPrediction[], value: (row: NewPrediction) => string | null): string {
  return rows.map(row => value(row) ?? '').join(separator)
}

/** An array literal. Quoted, so that a request id may be `NULL`. */
function literal(
  rows: readonly NewPrediction[],
  value: (row: NewPrediction) => string | number | boolean | null,
): string {
  return `{${rows.map(row => quoted(value(row))).join()}}`
}

function quoted(value: string | number | boolean | null): string {
  return value === null ? 'null' : typeof value === 'string' ? `"${value}"` : String(value)
}
