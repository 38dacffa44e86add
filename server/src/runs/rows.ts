import type { AgentConfig, RunMessage } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { ChatMessage } from '../ports/llm.ts'
import type { Run, RunView } from './run.ts'
import type { Approval, RunStep, RunTotals } from './stream.ts'

/** What the credential may that began a run. */
export type Rights = Pick<Caller, 'role' | 'credential' | 'kind'> & { readonly scopes: readonly string[] }

/** A run that this process has just taken. */
export type TakenRun = {
  readonly run: Run
  readonly rights: Rights
  readonly checkpointSeq: number
  /** How often its process was gone since it last got on. */
  readonly crashes: number
  readonly isCancelRequested: boolean
}

/** What a run or a step came to, as the driver gives it. */
type TotalsRow = {
  input_tokens: string
  output_tokens: string
  is_estimated: boolean
  credits: string
  cost_micros: string
  first_token_ms: number | null
}

/** The columns that callers are shown, as the driver gives them: bigint as text. */
export type ViewRow = TotalsRow & {
  id: string
  agent_id: string
  agent_version: number | null
  owner_id: string | null
  thread_id: string | null
  parent_run_id: string | null
  depth: number
  status: Run['status']
  mode: Run['mode']
  is_charged: boolean
  attempt: number
  last_seq: number
  output: string | null
  stopped: Run['stopped']
  error: Run['error']
  request_id: string | null
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
}

export type FullRow = ViewRow & {
  config: AgentConfig
  input: RunMessage[]
  memory: RunMessage[]
  rights: Rights
  checkpoint_seq: number
  crashes: number
  cancel_requested_at: Date | null
}

export type StepRow = TotalsRow & {
  n: number
  step: number
  kind: RunStep['kind']
  name: string
  status: RunStep['status']
  attempt: number
  call_id: string | null
  message: ChatMessage | null
  error: string | null
  attributes: Record<string, unknown>
  started_at: Date
  ended_at: Date | null
}

export type ApprovalRow = {
  id: string
  step: number
  call_id: string
  reason: Approval['reason']
  approved: boolean | null
  note: string | null
}

export function toView(row: ViewRow): RunView {
  return {
    id: row.id,
    agentId: row.agent_id,
    agentVersion: row.agent_version,
    ownerId: row.owner_id,
    threadId: row.thread_id,
    parentId: row.parent_run_id,
    depth: row.depth,
    status: row.status,
    mode: row.mode,
    isCharged: row.is_charged,
    attempt: row.attempt,
    lastSeq: row.last_seq,
    output: row.output,
    stopped: row.stopped,
    error: row.error,
    ...totalsOf(row),
    requestId: row.request_id,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }
}

export function toTaken(row: FullRow): TakenRun {
  const { config, input, memory, rights, checkpoint_seq, crashes, cancel_requested_at } = row
  return {
    run: { ...toView(row), config, input, memory },
    rights,
    checkpointSeq: checkpoint_seq,
    crashes,
    isCancelRequested: cancel_requested_at !== null,
  }
}

export function toStep(row: StepRow): RunStep {
  return {
    n: row.n,
    step: row.step,
    kind: row.kind,
    name: row.name,
    status: row.status,
    attempt: row.attempt,
    callId: row.call_id,
    message: row.message,
    ...totalsOf(row),
    error: row.error,
    attributes: row.attributes,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  }
}

export function toApproval({ id, step, call_id, reason, approved, note }: ApprovalRow): Approval {
  return { id, step, callId: call_id, reason, answer: approved === null ? null : { approved, note } }
}

function totalsOf(row: TotalsRow): RunTotals {
  return {
    usage: {
      inputTokens: Number(row.input_tokens),
      outputTokens: Number(row.output_tokens),
      isEstimated: row.is_estimated,
    },
    credits: Number(row.credits),
    costMicros: Number(row.cost_micros),
    firstTokenMs: row.first_token_ms,
  }
}
