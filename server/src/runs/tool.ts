import type { AgentConfig } from '@roundhouse/sdk/contract'
import type { Caller } from '../accounts/caller.ts'

/** What an agent can call. */
export type Tool = {
  /** As the model sees it: `[A-Za-z0-9_-]{1,64}`. */
  readonly name: string
  readonly description: string
  /** JSON Schema of its arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Takes long: a worker does it. */
  readonly isHeavy: boolean
  /** A person is asked each time. */
  readonly needsApproval: boolean
  /** May be done again when nobody knows whether it was done. */
  readonly isRepeatable: boolean
  readonly timeoutMs: number
  /** Gives the text that the model is told. @throws Problem whose sentence the model is told instead. */
  call(args: unknown, context: ToolContext): Promise<string>
}

export type ToolContext = {
  readonly caller: Caller
  readonly signal: AbortSignal
  /** Of this call in this run: the same when it is done again. */
  readonly idempotencyKey: string
}

/** The tools of an agent for a caller. @throws Problem when one is not there, or not for them. */
export type Toolbox = (config: AgentConfig, caller: Caller) => Promise<readonly Tool[]>
