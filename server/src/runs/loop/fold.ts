import { Problem, type RunEvent } from '@roundhouse/sdk/contract'
import type { ChatChunk, ChatMessage, TokenUsage, ToolCall, ToolCallDelta } from '../../ports/llm.ts'
import type { OutputGuard } from '../guards/output.ts'

type Sink = {
  event(event: RunEvent): void
  /** Of everything that the model produced and is paid for. */
  produced(characters: number): void
  usage(usage: TokenUsage): void
}

/** What goes on for longer is not an answer, and is held in memory. */
export const mostCharacters = 4_000_000

/** Makes one assistant message, and its events, from the chunks of a stream. Only the first choice is read. */
export type Fold = {
  /** @throws Problem `output-invalid` for what never ends, `guardrail-refused`. */
  add(chunk: ChatChunk): void
  /** With a guard: tells what was held back, before the message is complete. @throws Problem `guardrail-refused`. */
  settle(guard: OutputGuard): Promise<void>
  /** Tells of the tool calls, which are complete now, and gives the message. */
  end(): Extract<ChatMessage, { role: 'assistant' }>
  text(): string
  /** Null until the provider has said one. */
  finishReason(): string | null
}

type OpenCall = { id: string; name: string; arguments: string[] }

/** A model that calls more at a time is not working but looping. */
export const mostCalls = 64

/** @param guard Null: all is told as it comes. */
export function createFold(step: number, sink: Sink, guard: OutputGuard | null = null): Fold {
  const pieces: string[] = []
  const calls: OpenCall[] = []
  /** By the upstream's index. */
  const current = new Map<number, OpenCall>()
  let finishReason: string | null = null
  let characters = 0

  function produced(count: number): void {
    characters += count
    if (characters > mostCharacters)
      throw new Problem(
        'output-invalid',
        `The answer of the model has more than ${mostCharacters} characters.`,
      )
    sink.produced(count)
  }

  function say(type: 'text-delta' | 'reasoning-delta', text: unknown): void {
    if (typeof text !== 'string' || text === '') return
    if (guard === null) {
      tell(type, text)
      produced(text.length)
      return
    }
    // What is refused is paid for.
    produced(text.length)
    tell(type, type === 'text-delta' ? guard.text(text) : guard.reasoning(text))
  }

  function tell(type: 'text-delta' | 'reasoning-delta', text: string): void {
    if (text === '') return
    if (type === 'text-delta') pieces.push(text)
    sink.event({ type, step, text })
  }

  function addCall(delta: ToolCallDelta): void {
    const index = Number.isInteger(delta.index) ? delta.index : 0
    const { name, arguments: piece } = delta.function ?? {}
    let call = current.get(index)
    // Some upstreams give every call the index 0 and tell them apart by their id.
    if (!call || (delta.id && call.id && delta.id !== call.id)) {
      call = { id: '', name: '', arguments: [] }
      current.set(index, call)
      calls.push(call)
    }
    // Some repeat id and name with each piece.
    call.id ||= delta.id ?? ''
    call.name ||= name ?? ''
    if (typeof piece === 'string') call.arguments.push(piece)
    produced((name?.length ?? 0) + (piece?.length ?? 0))
  }

  function completeCalls(): ToolCall[] {
    const ids = new Set<string>()
    return calls.slice(0, mostCalls).map((call, place) => {
      let { id } = call
      // Upstreams number theirs too.
      for (let n = place + 1; id === '' || ids.has(id); n += 1) id = `call_${step}_${n}`
      ids.add(id)
      const { name } = call
      const written = call.arguments.join('') || '{}'
      const args = guard === null ? written : guard.toolArguments(id, written)
      return { id, type: 'function', function: { name, arguments: args } }
    })
  }

  return {
    add({ choices, usage }) {
      if (usage) sink.usage(usage)
      for (const { index, delta, finish_reason } of choices) {
        if (index !== 0) continue
        say('reasoning-delta', delta.reasoning_content ?? delta.reasoning)
        say('text-delta', delta.content)
        say('text-delta', delta.refusal)
        for (const call of delta.tool_calls ?? []) addCall(call)
        if (finish_reason) finishReason = finish_reason
      }
    },
    async settle({ end }) {
      const { reasoning, text } = await end()
      tell('reasoning-delta', reasoning)
      tell('text-delta', text)
    },
    end() {
      const complete = completeCalls()
      for (const { id, function: called } of complete)
        sink.event({ type: 'tool-call', step, id, name: called.name, arguments: called.arguments })
      const content = pieces.join('')
      if (complete.length === 0) return { role: 'assistant', content }
      return { role: 'assistant', content: content || null, tool_calls: complete }
    },
    text: () => pieces.join(''),
    finishReason: () => finishReason,
  }
}
