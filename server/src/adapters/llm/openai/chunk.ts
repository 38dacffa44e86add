import type { ChatChunk, TokenUsage } from '../../../ports/llm.ts'

type Fields = Record<string, unknown>

/**
 * A chunk as the port promises it. What was just parsed belongs to nobody else, so it is put right in place: a copy of
 * every chunk would cost more than reading it. Undefined when it is no chunk at all.
 */
export function toChunk(value: unknown): ChatChunk | undefined {
  if (!isFields(value)) return undefined
  value.choices = Array.isArray(value.choices) ? value.choices.filter(isFields) : []
  for (const [index, choice] of choicesOf(value).entries()) {
    if (!isCount(choice.index)) choice.index = index
    if (typeof choice.finish_reason !== 'string') choice.finish_reason = null
    choice.delta = toDelta(choice.delta)
  }
  if (value.usage !== undefined) value.usage = toUsage(value.usage)
  // Every field that the type names was checked or put right above.
  return value as ChatChunk
}

/** The same for a choice of an answer that is not streamed. False when it is none. */
export function isChoice(choice: unknown): boolean {
  if (!isFields(choice) || !isFields(choice.message)) return false
  putRight(choice.message)
  return true
}

/** Null when these are no counts that one could charge by. */
export function toUsage(value: unknown): TokenUsage | null {
  if (!isFields(value) || !isCount(value.prompt_tokens)) return null
  const completion_tokens = value.completion_tokens ?? 0
  if (!isCount(completion_tokens)) return null
  return {
    ...value,
    prompt_tokens: value.prompt_tokens,
    completion_tokens,
    total_tokens: isCount(value.total_tokens) ? value.total_tokens : value.prompt_tokens + completion_tokens,
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function choicesOf(value: Fields): Fields[] {
  return Array.isArray(value.choices) ? value.choices : []
}

function toDelta(delta: unknown): Fields {
  if (!isFields(delta)) return {}
  // Some leave the index out where there is one call alone.
  for (const [index, call] of putRight(delta).entries()) if (!isCount(call.index)) call.index = index
  return delta
}

/** What is not of the type that it must have is dropped: all who read it count on texts. Gives its tool calls. */
function putRight(part: Fields): Fields[] {
  if (part.content !== undefined) part.content = toText(part.content)
  dropUnlessText(part, 'refusal')
  dropUnlessText(part, 'reasoning_content')
  if (part.tool_calls === undefined) return []
  if (!Array.isArray(part.tool_calls)) {
    delete part.tool_calls
    return []
  }
  const calls = part.tool_calls.filter(isFields)
  for (const call of calls) {
    dropUnlessText(call, 'id')
    if (isFields(call.function)) {
      dropUnlessText(call.function, 'name')
      dropUnlessText(call.function, 'arguments')
    } else if (call.function !== undefined) delete call.function
  }
  part.tool_calls = calls
  return calls
}

function dropUnlessText(fields: Fields, name: string): void {
  const value = fields[name]
  if (value !== undefined && value !== null && typeof value !== 'string') delete fields[name]
}

/** Mistral's reasoning models send a list of parts. */
function toText(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  return content.map(part => (isFields(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
