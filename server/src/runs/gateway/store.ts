import { type Kysely, sql } from 'kysely'

type GatewayCallsTable = {
  id: string
  user_id: string | null
  provider: string
  model: string
  input_tokens: number
  output_tokens: number
  is_estimated: boolean
  credits: number
  cost_micros: number
  first_token_ms: number | null
  duration_ms: number
  status: 'done' | 'failed' | 'cancelled'
  error: string | null
  request_id: string | null
  created_at: Date
}

export type GatewayTables = { gateway_calls: GatewayCallsTable }

/** One call of a model that no run made. */
export type GatewayCall = {
  readonly id: string
  /** Null for callers without an account. */
  readonly userId: string | null
  /** Who answered, or was asked last. */
  readonly provider: string
  readonly model: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly isEstimated: boolean
  /** What its caller was asked for it. */
  readonly credits: number
  readonly costMicros: number
  /** Of streams; null when nothing came. */
  readonly firstTokenMs: number | null
  readonly durationMs: number
  readonly status: 'done' | 'failed' | 'cancelled'
  /** The code of the problem. */
  readonly error: string | null
  readonly requestId: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** SQL of the record of calls. */
export function createGatewayStore(db: Kysely<GatewayTables>) {
  return {
    /** A row that is there already is left alone, so that a batch may be sent twice. */
    async insert(calls: readonly GatewayCall[]): Promise<void> {
      const all = <Value>(value: (call: GatewayCall) => Value) => calls.map(value)
      await sql`
        insert into gateway_calls (
          id, user_id, provider, model, input_tokens, output_tokens, is_estimated, credits, cost_micros, first_token_ms,
          duration_ms, status, error, request_id, created_at)
        select
          id, user_id, provider, model, input_tokens, output_tokens, is_estimated, credits, cost_micros, first_token_ms,
          duration_ms, status, error, request_id, to_timestamp(created_ms / 1000)
        from unnest(
          ${all(call => call.id)}::uuid[], ${all(call => call.userId)}::uuid[], ${all(call => call.provider)}::text[],
          ${all(call => call.model)}::text[], ${all(call => call.inputTokens)}::bigint[],
          ${all(call => call.outputTokens)}::bigint[], ${all(call => call.isEstimated)}::boolean[],
          ${all(call => call.credits)}::bigint[], ${all(call => call.costMicros)}::bigint[],
          ${all(call => call.firstTokenMs)}::real[], ${all(call => call.durationMs)}::real[],
          ${all(call => call.status)}::text[], ${all(call => call.error)}::text[],
          ${all(call => call.requestId)}::text[], ${all(call => call.createdAt)}::double precision[]
        ) as call (
          id, user_id, provider, model, input_tokens, output_tokens, is_estimated, credits, cost_micros, first_token_ms,
          duration_ms, status, error, request_id, created_ms)
        on conflict do nothing`.execute(db)
    },

    /** Removes up to `limit` calls that are older; how many it removed. */
    async removeOlderThan(time: Date, limit: number): Promise<number> {
      const { numAffectedRows } = await sql`
        delete from gateway_calls where ctid = any (
          array(select ctid from gateway_calls where created_at < ${time} limit ${limit}))`.execute(db)
      return Number(numAffectedRows ?? 0)
    },
  }
}
