import type { AgentConfig, ProblemCode, RunMessage } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { DatabaseCaller, WithinTransaction } from '../ports/database.ts'

export type RunStatus = 'queued' | 'running' | 'waiting' | 'done' | 'failed' | 'cancelled'
/** In the process that was asked, on a worker, or on a backend of the agent's own. */
export type RunMode = 'inline' | 'worker' | 'remote'
/** Why a run that is done went no further. */
export type RunStop = 'answered' | 'steps' | 'tokens' | 'seconds' | 'credits'

export type RunUsage = {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly isEstimated: boolean
}

/** One answer of an agent, from the question to the last event. */
export type Run = {
  readonly id: string
  readonly agentId: string
  /** Null is the draft. */
  readonly agentVersion: number | null
  /** Null belongs to the house, which pays nothing. */
  readonly ownerId: string | null
  readonly threadId: string | null
  /** The run whose tool began this one. */
  readonly parentId: string | null
  /** How many runs stand above it. */
  readonly depth: number
  readonly status: RunStatus
  readonly mode: RunMode
  /** As it was at the start. */
  readonly config: AgentConfig
  readonly input: readonly RunMessage[]
  /** What the thread remembered at the start; stands before the input. */
  readonly memory: readonly RunMessage[]
  readonly isCharged: boolean
  /** Grows with each process that takes it. */
  readonly attempt: number
  readonly lastSeq: number
  readonly output: string | null
  readonly stopped: RunStop | null
  readonly error: { readonly code: ProblemCode; readonly detail: string } | null
  readonly usage: RunUsage
  readonly credits: number
  readonly costMicros: number
  readonly firstTokenMs: number | null
  readonly requestId: string | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** Of a run that has only begun. */
export const nothingDone = {
  attempt: 1,
  lastSeq: 1,
  output: null,
  stopped: null,
  error: null,
  usage: { inputTokens: 0, outputTokens: 0, isEstimated: false },
  credits: 0,
  costMicros: 0,
  firstTokenMs: null,
  finishedAt: null,
} as const satisfies Partial<Run>

/** A run without what it was given, which can be long. */
export type RunView = Omit<Run, 'config' | 'input' | 'memory'>

/** An event with its number, as text that needs no more work: `data` is the JSON of `RunEvent`. */
export type NumberedEvent = { readonly seq: number; readonly data: string }

export type StartRun = {
  /** Of work that may have been begun before under this id; absent: a new one. */
  readonly id?: string
  readonly agentId: string
  /** Absent: what is published. `draft` is for those who may change the agent. */
  readonly version?: number | 'draft' | undefined
  readonly messages: readonly RunMessage[]
  readonly threadId?: string | null | undefined
  /** False for callers that have paid themselves. */
  readonly isCharged?: boolean
  /** Whoever asks waits for the answer and cannot come back for it: the run stays here as long as it can. */
  readonly isAwaited?: boolean
  /** The run whose tool asks. It waits, so that this one is not given to a worker, who may be waiting itself. */
  readonly parent?: Pick<Run, 'id' | 'depth'>
  /**
   * In place of looking for `version` with the caller's rights: for a door whose caller is trusted to send it, and one that
   * has found it itself.
   */
  readonly config?: AgentConfig
}

export type RunFilter = {
  status?: RunStatus | undefined
  agentId?: string | undefined
  threadId?: string | undefined
  /** The run whose tools began them. */
  parentId?: string | undefined
  limit: number
  before?: { createdAt: Date; id: string } | undefined
}

/** What a run was given. */
export type RunInput = Pick<Run, 'input' | 'memory'>

/** A conversation, by how its first question begins. */
export type ThreadView = {
  readonly id: string
  readonly agentId: string
  readonly title: string | null
  readonly createdAt: Date
  readonly usedAt: Date
}

export type ThreadFilter = {
  agentId?: string | undefined
  limit: number
  before?: { usedAt: Date; id: string } | undefined
}

/** What the doors call. */
export type Runs = {
  /**
   * Begins a run; it goes on whoever stays or leaves. Fulfils when the run and its first event are durable.
   * @throws Problem `agent-not-found`, `forbidden`, `insufficient-credits`, `invalid-request`, `rate-limited`,
   * `runs-overloaded`, `resource-not-found` for a thread of somebody else.
   */
  start(caller: Caller, order: StartRun, within?: WithinTransaction<RunView>): Promise<Run>
  /** Each call below throws Problem `run-not-found` for what is not there or not for this caller. */
  get(caller: DatabaseCaller, id: string): Promise<RunView>
  list(caller: DatabaseCaller, filter: RunFilter): Promise<RunView[]>
  /** Both are empty when they were removed with its events. */
  input(caller: DatabaseCaller, id: string): Promise<RunInput>
  /** The caller's own conversations that were begun under a name of their client, the last used first. */
  threads(caller: DatabaseCaller, filter: ThreadFilter): Promise<ThreadView[]>
  /** The run that asked a question. */
  thatAsked(caller: DatabaseCaller, approvalId: string): Promise<RunView>
  /**
   * The events behind number `after`, those that are there and those that come, in groups; ends with the run's last
   * event or by the signal. A reader that falls far behind is ended, and comes back.
   * @throws Problem `run-events-gone` when they were pruned.
   */
  follow(
    caller: DatabaseCaller,
    id: string,
    after: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly NumberedEvent[]>
  /**
   * Fulfils with the run as it is when it has ended or waits for a person.
   * @throws Problem `shutting-down` when this process can wait no longer.
   */
  finished(caller: DatabaseCaller, id: string, signal: AbortSignal): Promise<RunView>
  /** Nothing happens to one that has ended. */
  cancel(caller: DatabaseCaller, id: string): Promise<RunView>
  /** @throws Problem `conflict` when it was answered otherwise, `resource-not-found`. */
  answer(
    caller: DatabaseCaller,
    id: string,
    approvalId: string,
    answer: { approved: boolean; note: string | null },
  ): Promise<RunView>
  trace(caller: DatabaseCaller, id: string): Promise<RunTraceSpan[]>
}

export type RunTraceSpan = {
  readonly id: string
  readonly parentId: string | null
  readonly name: string
  readonly kind: 'run' | 'llm' | 'tool'
  readonly status: 'running' | 'done' | 'failed'
  readonly startedAt: Date
  readonly durationMs: number | null
  readonly firstTokenMs: number | null
  readonly usage: RunUsage | null
  readonly credits: number
  readonly costMicros: number
  readonly error: string | null
  /** Null of the run itself. */
  readonly step: number | null
  readonly callId: string | null
  readonly attempt: number
  readonly attributes: Record<string, unknown>
}
