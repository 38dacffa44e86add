import type { RunEvent } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'
import type { Hold } from '../credits/within.ts'
import type { ChatMessage } from '../ports/llm.ts'
import type { Run, RunMode, RunStop, RunUsage } from './run.ts'

/** One piece of a run's work: what it added to the conversation, and what it took. */
export type RunStep = {
  /** Counts the steps of the run, from 1. */
  readonly n: number
  /** The turn of the loop it belongs to. */
  readonly step: number
  readonly kind: 'llm' | 'tool'
  readonly name: string
  /** A tool that is `running` when another process takes the run was interrupted: nobody knows what it did. */
  readonly status: 'running' | 'done' | 'failed'
  readonly attempt: number
  /** Of a tool: the call it answers. */
  readonly callId: string | null
  readonly message: ChatMessage | null
  readonly usage: RunUsage
  readonly credits: number
  readonly costMicros: number
  readonly firstTokenMs: number | null
  readonly error: string | null
  readonly attributes: Readonly<Record<string, unknown>>
  readonly startedAt: Date
  readonly endedAt: Date | null
}

/** The stream of one run, in the process that has it. Readers are told of an event when it is durable, never before. */
export type RunStream = {
  /** Written with the next group; consecutive deltas of a kind are one event by then. Never throws. */
  append(event: RunEvent): void
  /** Undefined while more can be said; else fulfils when what waits is written, or when nothing is written any more. */
  room(): Promise<void> | undefined
  /**
   * Writes these and all before them, and the steps (new, or in place of those of the same `n`), in one commit; fulfils
   * when that is durable. @throws when the run is no longer this process's.
   */
  checkpoint(events: readonly RunEvent[], steps: readonly RunStep[]): Promise<void>
  /** The same for what comes right before the end of the run: it is written in the commit that ends it. Never throws. */
  leave(events: readonly RunEvent[], steps: readonly RunStep[]): void
  /** Fulfils when everything is durable, with the number of the last event. */
  flush(): Promise<number>
}

/** Why the signal of a run's work aborted; the `reason` of the signal. `lost`: another process has it. */
export type StopReason = 'cancelled' | 'lost' | 'handed-back'

/** A question to a person, and what they said; null while it is open. */
export type Approval = {
  readonly id: string
  /** The turn whose call it is of: upstreams use the ids of calls again. */
  readonly step: number
  readonly callId: string
  readonly reason: 'approval' | 'interrupted'
  readonly answer: { readonly approved: boolean; readonly note: string | null } | null
}

/** Which model is to speak first, as the readers were told with event number `seq`. */
export type Announced = { readonly provider: string; readonly model: string; readonly seq: number }

/** What the loop is given. */
export type RunWork = {
  readonly run: Run
  /** Whose rights the tools have. */
  readonly caller: Caller
  readonly mode: RunMode
  /** What was done before, in order. */
  readonly steps: readonly RunStep[]
  readonly approvals: readonly Approval[]
  /** What `FirstHold` asked for and this process held when it made the run; absent when the run was taken over. */
  readonly held?: Hold
  /** The `step-start` that was written with the run's first event; absent as above, and when there was none. */
  readonly announced?: Announced | null
  /** Attributes for the first step: what rules of the agent did to what was sent. Absent as above. */
  readonly guarded?: Readonly<Record<string, unknown>>
  readonly stream: RunStream
  readonly signal: AbortSignal
}

/** What the work so far comes to, over all attempts. */
export type RunTotals = {
  readonly usage: RunUsage
  /** What is to be paid. */
  readonly credits: number
  readonly costMicros: number
  readonly firstTokenMs: number | null
}

export type RunOutcome = RunTotals & {
  /** Which model spoke last, as `provider/model`. */
  readonly backend?: string
} & (
    | {
        readonly kind: 'done'
        readonly output: string
        readonly stopped: RunStop
        /** Nothing was ever held for it, so that nothing is to be settled. */
        readonly isFree?: boolean
      }
    /** `error` is a Problem, or a bug. */
    | { readonly kind: 'failed'; readonly error: unknown; readonly output: string | null }
    /** Aborted with `cancelled`. */
    | { readonly kind: 'cancelled'; readonly output: string | null }
    /** The questions, to be stored and told in the commit that lets go of the run. */
    | {
        readonly kind: 'waiting'
        readonly questions: readonly {
          readonly id: string
          readonly step: number
          readonly callId: string
          readonly tool: string
          readonly arguments: string
          readonly reason: 'approval' | 'interrupted'
          readonly expiresAt: Date
        }[]
      }
    | { readonly kind: 'promote'; readonly reason: 'time' | 'heavy-tool' }
    /** Aborted with `lost` or `handed-back`. */
    | { readonly kind: 'left' }
  )

/**
 * Does a run from where it stands until it has ended, waits or is for a worker. Writes its own events but the last one
 * (`run-end`, `run-error`, `run-cancel`), `run-start`, `run-attempt` and `run-promote`. Never rejects.
 */
export type RunLoop = (work: RunWork) => Promise<RunOutcome>
