import { Problem } from '@roundhouse/sdk/contract'
import type {
  ChatChoice,
  ChatChunk,
  ChatCompletion,
  TokenUsage,
  ToolCall,
  ToolCallDelta,
} from '../../ports/llm.ts'

type Fields = Record<string, unknown>
type OpenChoice = { fields: Fields; message: Fields; calls: Fields[]; finishReason: string | null }

/** What goes on for longer is held in memory for nobody. */
const mostCharacters = 16_000_000

/**
 * The chunks of a streamed answer as the whole answer that they are, with what fields they have: texts and lists go on
 * from chunk to chunk, of anything else the last counts.
 * @throws Problem `output-invalid` for what never ends.
 */
export async function completionOf(stream: AsyncIterable<readonly ChatChunk[]>): Promise<ChatCompletion> {
  const choices = new Map<number, OpenChoice>()
  let head: Fields = {}
  let usage: TokenUsage | null = null
  let characters = 0
  for await (const chunks of stream)
    for (const { choices: parts, usage: told, object: _, ...rest } of chunks) {
      head = { ...rest, ...head }
      usage = told ?? usage
      for (const part of parts) {
        characters += lengthOf(part)
        if (characters > mostCharacters)
          throw new Problem('output-invalid', `The answer has more than ${mostCharacters} characters.`)
        add(choices, part)
      }
    }
  return {
    ...head,
    object: 'chat.completion',
    choices: [...choices].sort(([a], [b]) => a - b).map(([index, choice]) => wholeOf(index, choice)),
    usage,
  }
}

function add(choices: Map<number, OpenChoice>, { index, delta, finish_reason, ...fields }: ChatChoice): void {
  const choice = choices.get(index) ?? { fields: {}, message: {}, calls: [], finishReason: null }
  choices.set(index, choice)
  const { tool_calls, role: _, ...said } = delta
  grow(choice.message, said)
  for (const call of tool_calls ?? []) addCall(choice.calls, call)
  grow(choice.fields, fields)
  choice.finishReason = finish_reason ?? choice.finishReason
}

/** As of `fold.ts`: some upstreams give every call the index 0 and tell them apart by their id. */
function addCall(calls: Fields[], { index, id, type, ...parts }: ToolCallDelta): void {
  let call = calls.findLast(known => known.index === index)
  if (!call || (id && call.id && id !== call.id)) {
    call = { index, id: id ?? '', type: type ?? 'function' }
    calls.push(call)
  }
  call.id ||= id ?? ''
  const name = nameOf(call.function)
  grow(call, parts)
  // Some repeat the name with each piece.
  if (name && isFields(call.function)) call.function.name = name
}

/** Adds what came to what there is. */
function grow(known: Fields, more: Readonly<Fields>): void {
  for (const [name, value] of Object.entries(more)) {
    const before = Object.hasOwn(known, name) ? known[name] : undefined
    if (typeof before === 'string' && typeof value === 'string') known[name] = before + value
    else if (Array.isArray(before) && Array.isArray(value)) for (const item of value) before.push(item)
    else if (isFields(before) && isFields(value)) grow(before, value)
    else if (value !== null || before === undefined)
      known[name] = typeof value === 'object' ? structuredClone(value) : value
  }
}

function wholeOf(index: number, { fields, message, calls, finishReason }: OpenChoice) {
  const { content, ...others } = message
  return {
    ...fields,
    index,
    message: {
      ...others,
      role: 'assistant' as const,
      content: typeof content === 'string' && (content !== '' || calls.length === 0) ? content : null,
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCallOf).filter(isCall) }),
    },
    // Cut off before the provider said one.
    finish_reason: finishReason ?? 'length',
  }
}

/** Those of other kinds than functions are as they came. */
function toolCallOf({ index: _, ...call }: Fields): Fields {
  if (call.type !== 'function') return call
  const { function: called } = call
  const args = isFields(called) && typeof called.arguments === 'string' ? called.arguments : ''
  return { ...call, function: { name: nameOf(called), arguments: args } }
}

function isCall(call: Fields): call is ToolCall {
  return typeof call.id === 'string'
}

function nameOf(called: unknown): string {
  return isFields(called) && typeof called.name === 'string' ? called.name : ''
}

function lengthOf({ delta }: ChatChoice): number {
  return JSON.stringify(delta).length
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
