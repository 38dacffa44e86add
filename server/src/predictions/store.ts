import type { PredictionRecord } from '@roundhouse/sdk/contract'
import { type Kysely, type RawBuilder, sql } from 'kysely'

type PredictionsTable = {
  model_id: string
  id: string
  model_version: string
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
     * Inserts the rows of a JSON array text. One text in one parameter: Postgres parses it in C, where an array per
     * column would be escaped value by value here. A row that is there already is left alone, so a batch may be sent twice.
     */
    async insert(rowsJson: string): Promise<void> {
      await sql`
        insert into predictions
        select model_id, id, model_version, request_id, input_data, output_data, inference_time_ms, cached, status, error, created_at
        from json_to_recordset(${rowsJson}::json) as row (
          model_id uuid, id uuid, model_version text, request_id text, input_data json, output_data json,
          inference_time_ms double precision, cached boolean, status text, error text, created_at timestamptz)
        on conflict do nothing`.execute(db)
    },

    /** Newest first. `input_data` and `output_data` come as JSON text, because their integers may be larger than 2^53. */
    async list(
      modelId: string,
      options: { beforeId?: string | undefined; limit: number },
    ): Promise<StoredPrediction[]> {
      let query = db
        .selectFrom('predictions')
        .select([
          'id',
          'model_id',
          'model_version',
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
