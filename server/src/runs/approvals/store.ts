import type { AgentConfig } from '@roundhouse/sdk/contract'
import { type QueryExecutorProvider, sql } from 'kysely'
import { invariant } from '../../kit/invariant.ts'
import { storableText } from '../storable.ts'
import type { RunOutcome } from '../stream.ts'

export type Question = Extract<RunOutcome, { kind: 'waiting' }>['questions'][number]

/** The questions that runs have asked people. */
export function createApprovalStore(db: QueryExecutorProvider) {
  return {
    async ask(runId: string, questions: readonly Question[]): Promise<void> {
      for (const question of questions)
        await sql`
          insert into approvals (id, run_id, step, call_id, tool, arguments, reason, expires_at)
          values (${question.id}, ${runId}, ${question.step}, ${storableText(question.callId)},
            ${storableText(question.tool)}, ${storableText(question.arguments)}, ${question.reason},
            ${question.expiresAt})
          on conflict (id) do nothing`.execute(db)
    },

    /** Undefined when the run asked no such thing. The caller's transaction has locked the run. */
    async find(runId: string, id: string): Promise<{ approved: boolean | null } | undefined> {
      const { rows } = await sql<{ approved: boolean | null }>`
        select approved from approvals where id = ${id} and run_id = ${runId}`.execute(db)
      return rows[0]
    },

    /** By which the run is done. The run is there. */
    async configOf(runId: string): Promise<AgentConfig> {
      const { rows } = await sql<{
        config: AgentConfig
      }>`select config from runs where id = ${runId}`.execute(db)
      const [row] = rows
      invariant(row, 'a run that was found has a row')
      return row.config
    },

    async answer(
      id: string,
      answer: { approved: boolean; note: string | null; by: string | null },
    ): Promise<void> {
      await sql`
        update approvals set approved = ${answer.approved}, note = ${answer.note}, answered_by = ${answer.by},
          answered_at = now() where id = ${id}`.execute(db)
    },

    async hasOpen(runId: string): Promise<boolean> {
      const { rows } = await sql`
        select from approvals where run_id = ${runId} and approved is null limit 1`.execute(db)
      return rows.length > 0
    },

    /** Questions of waiting runs that nobody has answered in time. */
    async expired(limit: number): Promise<{ id: string; runId: string }[]> {
      const { rows } = await sql<{ id: string; runId: string }>`
        select approvals.id, run_id as "runId" from approvals join runs on runs.id = run_id and runs.status = 'waiting'
        where approved is null and expires_at < now() order by expires_at limit ${limit}`.execute(db)
      return rows
    },
  }
}

export type ApprovalStore = ReturnType<typeof createApprovalStore>
