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
  /** Credits for each call that was not in vain, beside what the thing that is called costs itself. */
  readonly price: number
  /** Gives the text that the model is told. @throws Problem whose sentence the model is told instead. */
  call(args: unknown, context: ToolContext): Promise<string>
}

export type ToolContext = {
  readonly caller: Caller
  /** Aborts when the time of the call is over, too. Its reason is `handed-back` or `lost` where another process goes on. */
  readonly signal: AbortSignal
  readonly timeoutMs: number
  /** Of this call in this run: the same when it is done again. */
  readonly idempotencyKey: string
  readonly run: { readonly id: string; readonly agentId: string; readonly depth: number }
}

/** A tool as its kind makes it, before what the agent says of it. `isHeavy` is what it is by itself. */
export type OpenedTool = Omit<Tool, 'isHeavy' | 'needsApproval' | 'price'> &
  Partial<Pick<Tool, 'isHeavy' | 'needsApproval' | 'price'>>

/** The tools of an agent for a caller. @throws Problem when one is not there, or not for them. */
export type Toolbox = (config: AgentConfig, caller: Caller) => Promise<readonly Tool[]>
