import type { AgUiMessage } from '@roundhouse/sdk/contract'

/** What we tell of ourselves, under our name: clients keep it with what it is told of. */
type Metadata = { readonly metadata?: { readonly roundhouse: Readonly<Record<string, unknown>> } }

type Usage = {
  readonly provider?: string
  readonly model?: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly totalTokens: number
}

export type Interrupt = Metadata & {
  readonly id: string
  readonly reason: 'tool_call'
  readonly message: string
  readonly toolCallId: string
  readonly responseSchema: Readonly<Record<string, unknown>>
  readonly expiresAt: string
}

type Outcome =
  | { readonly type: 'success' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'interrupt'; readonly interrupts: readonly Interrupt[] }

type Bare =
  | { type: 'RUN_STARTED'; threadId: string; runId: string; protocolVersion: string; parentRunId?: string }
  | {
      type: 'RUN_FINISHED'
      threadId: string
      runId: string
      outcome: Outcome
      result?: unknown
      usage?: readonly Usage[]
    }
  | { type: 'RUN_ERROR'; message: string; code: string; usage?: readonly Usage[] }
  | { type: 'STEP_STARTED' | 'STEP_FINISHED'; stepName: string }
  | { type: 'TEXT_MESSAGE_START'; messageId: string; role: 'assistant' }
  | { type: 'REASONING_MESSAGE_START'; messageId: string; role: 'reasoning' }
  | { type: 'TEXT_MESSAGE_CONTENT' | 'REASONING_MESSAGE_CONTENT'; messageId: string; delta: string }
  | {
      type: 'TEXT_MESSAGE_END' | 'REASONING_START' | 'REASONING_MESSAGE_END' | 'REASONING_END'
      messageId: string
    }
  | { type: 'TOOL_CALL_START'; toolCallId: string; toolCallName: string; parentMessageId: string }
  | { type: 'TOOL_CALL_ARGS'; toolCallId: string; delta: string }
  | { type: 'TOOL_CALL_END'; toolCallId: string }
  | { type: 'TOOL_CALL_RESULT'; messageId: string; toolCallId: string; content: string; role: 'tool' }
  | { type: 'STATE_SNAPSHOT'; snapshot: unknown }
  | { type: 'MESSAGES_SNAPSHOT'; messages: readonly AgUiMessage[] }

/** An event of AG-UI 1.0, as far as runs have something to say with it. Source: https://docs.ag-ui.com/spec/1.0/events */
export type AgUiEvent = Bare & Metadata

export type AgUiUsage = Usage

export function agUiFrame(event: AgUiEvent): string {
  return `data: ${JSON.stringify(event)}\n\n`
}
