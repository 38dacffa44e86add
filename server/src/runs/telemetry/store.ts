import { type QueryExecutorProvider, sql } from 'kysely'
import { type StepRow, toStep, toView, type ViewRow } from '../rows.ts'
import type { RunView } from '../run.ts'
import { shown } from '../store.ts'
import type { RunStep } from '../stream.ts'

/** What spans are made of. */
export type EndedRun = {
  readonly run: RunView
  /** In order; without their messages. */
  readonly steps: readonly RunStep[]
  readonly traceParent: string | null
  /** Null when the agent is gone, or only its backend knows it. */
  readonly agentName: string | null
}

type EndedRow = ViewRow & { trace_parent: string | null; agent_name: string | null }

export function createTelemetryStore(db: QueryExecutorProvider) {
  return {
    /** Those of the runs that have ended. */
    async ended(ids: readonly string[]): Promise<EndedRun[]> {
      const { rows } = await sql<EndedRow>`
        select ${shown}, trace_parent, (select name from agents where agents.id = runs.agent_id) as agent_name
        from runs where id = any(${ids}::uuid[]) and finished_at is not null`.execute(db)
      const { rows: steps } = await sql<StepRow & { run_id: string }>`
        select run_id, n, step, kind, name, status, attempt, call_id, null as message, input_tokens, output_tokens,
          is_estimated, credits, cost_micros, first_token_ms, error, attributes, started_at, ended_at
        from run_steps where run_id = any(${rows.map(row => row.id)}::uuid[]) order by run_id, n`.execute(db)
      const byRun = Map.groupBy(steps, step => step.run_id)
      return rows.map(row => ({
        run: toView(row),
        steps: (byRun.get(row.id) ?? []).map(toStep),
        traceParent: row.trace_parent,
        agentName: row.agent_name,
      }))
    },
  }
}

export type TelemetryStore = ReturnType<typeof createTelemetryStore>
