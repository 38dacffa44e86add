import type { StoryKind } from '@roundhouse/sdk/contract'
import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely'

/** One thing that a request did. */
export type StoryRow = {
  readonly kind: StoryKind
  readonly id: string
  readonly parent_id: string | null
  readonly name: string
  readonly status: string | null
  readonly at: Date
  readonly ended_at: Date | null
  readonly user_id: string | null
  readonly attributes: Record<string, unknown>
}

export type StoryReader = {
  /** Null for those without an account. */
  readonly userId: string | null
  /** Administrators see what belongs to others too, and what the house pays. */
  readonly seesAll: boolean
}

/**
 * SQL of what belongs to one request, of every room. The rows of others are left out here, and by row-level security
 * again. A part is found by an index; a kind gives `most` entries at most.
 */
export function createStoryStore(db: QueryExecutorProvider) {
  return {
    async entries(requestId: string, reader: StoryReader, most: number): Promise<StoryRow[]> {
      const parts = [jobs, runs, steps, approvals, predictions, calls, reports, credits]
      if (reader.seesAll) parts.push(audit)
      const all = parts.map(
        part => sql`
          (select * from (${part(requestId, reader, most)}) as part
            (kind, id, parent_id, name, status, at, ended_at, user_id, attributes)
          order by at, id limit ${most})`,
      )
      const { rows } = await sql<StoryRow>`${sql.join(all, sql` union all `)} order by at, id`.execute(db)
      return rows
    },
  }
}

type Part = (requestId: string, reader: StoryReader, most: number) => RawBuilder<unknown>

function belongs(owner: string, { userId, seesAll }: StoryReader): RawBuilder<unknown> {
  return seesAll ? sql`true` : sql`${sql.ref(owner)} = ${userId}::uuid`
}

const jobs: Part = (requestId, reader) => sql`
  select 'job', id::text, null, kind, status, created_at, finished_at, owner_id,
    jsonb_strip_nulls(jsonb_build_object('started_at', started_at, 'attempt', attempt, 'max_attempts', max_attempts,
      'crashes', crashes, 'model_id', model_id, 'error', error))
  from jobs where request_id = ${requestId} and ${belongs('owner_id', reader)}`

const runs: Part = (requestId, reader) => sql`
  select 'run', runs.id::text, runs.parent_run_id::text, coalesce(agents.name, 'run'), runs.status, runs.created_at,
    runs.finished_at, runs.owner_id,
    jsonb_strip_nulls(jsonb_build_object('agent_id', runs.agent_id, 'agent_version', runs.agent_version,
      'started_at', runs.started_at, 'mode', runs.mode, 'attempt', runs.attempt, 'stopped', runs.stopped,
      'error', runs.error, 'input_tokens', runs.input_tokens, 'output_tokens', runs.output_tokens,
      'credits', runs.credits, 'first_token_ms', runs.first_token_ms, ${costOf('runs.cost_micros', reader)}))
  from runs left join agents on agents.id = runs.agent_id
  where runs.request_id = ${requestId} and ${belongs('runs.owner_id', reader)}`

const steps: Part = (requestId, reader) => sql`
  select step.kind, run_id || ':' || step.n, coalesce(
      (select run_id || ':' || call.n from run_steps as call
        where step.kind = 'tool' and call.run_id = step.run_id and call.step = step.step and call.kind = 'llm'
        order by call.n limit 1), run_id::text),
    step.name, step.status, step.started_at, step.ended_at, runs.owner_id,
    jsonb_strip_nulls(jsonb_build_object('attempt', step.attempt, 'input_tokens', step.input_tokens,
      'output_tokens', step.output_tokens, 'credits', step.credits, 'first_token_ms', step.first_token_ms,
      'error', step.error, ${costOf('step.cost_micros', reader)}))
  from runs join run_steps as step on step.run_id = runs.id
  where runs.request_id = ${requestId} and ${belongs('runs.owner_id', reader)}`

const approvals: Part = (requestId, reader) => sql`
  select 'approval', approval.id::text, run_id::text, approval.tool,
    case when answered_at is null then 'waiting' when approved then 'approved' else 'denied' end,
    approval.created_at, answered_at, answered_by,
    jsonb_strip_nulls(jsonb_build_object('reason', reason, 'expires_at', expires_at))
  from runs join approvals as approval on approval.run_id = runs.id
  where runs.request_id = ${requestId} and ${belongs('runs.owner_id', reader)}`

/** A client may send the same id with every call it makes: no more are put into words than are told. */
const predictions: Part = (requestId, reader, most) => sql`
  select 'prediction', prediction.id::text, null, coalesce(models.name || '@' || models.version, model_id::text),
    prediction.status, prediction.created_at,
    prediction.created_at + inference_time_ms * interval '1 millisecond', user_id,
    jsonb_strip_nulls(jsonb_build_object('model_id', model_id, 'inference_time_ms', inference_time_ms,
      'cached', cached, 'error', prediction.error))
  from (
    select * from predictions where request_id = ${requestId} and ${belongs('user_id', reader)}
    order by created_at, id limit ${most}
  ) as prediction left join models on models.id = model_id`

const calls: Part = (requestId, reader) => sql`
  select 'call', id::text, null, provider || '/' || model, status, created_at,
    created_at + duration_ms * interval '1 millisecond', user_id,
    jsonb_strip_nulls(jsonb_build_object('input_tokens', input_tokens, 'output_tokens', output_tokens,
      'credits', credits, 'first_token_ms', first_token_ms, 'error', error, ${costOf('cost_micros', reader)}))
  from gateway_calls where request_id = ${requestId} and ${belongs('user_id', reader)}`

const reports: Part = (requestId, reader) => sql`
  select 'report', id::text, null, title, null, updated_at, null::timestamptz, owner_id,
    jsonb_build_object('template', template, 'pages', pages, 'size_bytes', size_bytes)
  from reports where request_id = ${requestId} and ${belongs('owner_id', reader)}`

const credits: Part = (requestId, reader) => sql`
  select 'credit', 'credit:' || id, null, reason, null, created_at, null::timestamptz, user_id,
    jsonb_strip_nulls(jsonb_build_object('amount', amount, 'reference', reference))
  from credit_entries where request_id = ${requestId} and account = 'user' and ${belongs('user_id', reader)}`

const audit: Part = requestId => sql`
  select 'audit', 'audit:' || seq, null, action, null, at, null::timestamptz, actor_id,
    jsonb_build_object('target', target, 'details', details)
  from audit_entries where request_id = ${requestId}`

function costOf(column: string, { seesAll }: StoryReader): RawBuilder<unknown> {
  return seesAll ? sql`'cost_micros', ${sql.ref(column)}` : sql`'cost_micros', null`
}
