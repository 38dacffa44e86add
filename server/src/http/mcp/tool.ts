import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server'
import type { Caller } from '../../accounts/caller.ts'
import type { Waiting } from './approvals.ts'
import type { Told } from './told.ts'

export type ToolAnswer = CallToolResult | InputRequiredResult

/** One call of a tool, whatever the era of its protocol. */
export type ToolCall = {
  readonly caller: Caller
  /** Of the client: gone, or has cancelled. */
  readonly signal: AbortSignal
  isCancelled(): boolean
  /** The client can put a question to a person. */
  readonly canAsk: boolean
  /** Of a run that waits for answers of this client. */
  readonly state: Waiting | undefined
  readonly inputResponses: Readonly<Record<string, unknown>>
  /** Nothing happens where the client has not asked for it. */
  tell(news: Told): Promise<void>
}
