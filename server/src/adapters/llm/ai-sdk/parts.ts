import type { LanguageModelV4StreamPart, LanguageModelV4Usage } from '@ai-sdk/provider'
import type { ChatChunk, ChatDelta, TokenUsage, ToolCallDelta } from '../../../ports/llm.ts'

type Finish = Extract<LanguageModelV4StreamPart, { type: 'finish' }>['finishReason']

/** Turns the parts of one stream into chunks; most of a part that says nothing to our reader is none. */
export function createChunker(): (part: LanguageModelV4StreamPart) => ChatChunk[] {
  const calls = new Map<string, { readonly index: number; hasArguments: boolean }>()
  let isFirst = true

  function say(delta: ChatDelta): ChatChunk[] {
    const role = isFirst ? { role: 'assistant' } : {}
    isFirst = false
    return [{ choices: [{ index: 0, delta: { ...role, ...delta }, finish_reason: null }] }]
  }

  function callTool(piece: ToolCallDelta): ChatChunk[] {
    return say({ tool_calls: [piece] })
  }

  function begin(id: string, name: string, text: string): ChatChunk[] {
    const index = calls.size
    calls.set(id, { index, hasArguments: text !== '' })
    return callTool({ index, id, type: 'function', function: { name, arguments: text } })
  }

  return part => {
    switch (part.type) {
      case 'text-delta':
        return part.delta === '' ? [] : say({ content: part.delta })
      case 'reasoning-delta':
        return part.delta === '' ? [] : say({ reasoning_content: part.delta })
      case 'tool-input-start':
        return part.providerExecuted ? [] : begin(part.id, part.toolName, '')
      case 'tool-input-delta': {
        const call = calls.get(part.id)
        if (!call || part.delta === '') return []
        call.hasArguments = true
        return callTool({ index: call.index, function: { arguments: part.delta } })
      }
      case 'tool-call': {
        if (part.providerExecuted) return []
        const call = calls.get(part.toolCallId)
        if (!call) return begin(part.toolCallId, part.toolName, part.input)
        // Without arguments there was nothing to stream.
        if (call.hasArguments) return []
        call.hasArguments = true
        return callTool({ index: call.index, function: { arguments: part.input } })
      }
      case 'finish': {
        const usage = toUsage(part.usage)
        const last = { index: 0, delta: {}, finish_reason: toFinishReason(part.finishReason) }
        return [{ choices: [last] }, ...(usage ? [{ choices: [], usage }] : [])]
      }
      default:
        return []
    }
  }
}

/** Of an answer that is whole. */
export function toFinishReason({ unified }: Finish): string {
  switch (unified) {
    case 'length':
      return 'length'
    case 'content-filter':
      return 'content_filter'
    case 'tool-calls':
      return 'tool_calls'
    default:
      return 'stop'
  }
}

/** Why an answer that says it is at its end is none; undefined when it is whole. */
export function brokenReason({ unified, raw }: Finish): string | undefined {
  if (unified === 'interrupted') return 'ended its stream before the answer was whole'
  if (unified === 'error') return `could not finish its answer${raw ? ` (${raw.slice(0, 60)})` : ''}`
  return undefined
}

/** Undefined when the vendor did not tell. Tokens read from its cache and written to it are among those of the prompt. */
export function toUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): TokenUsage | undefined {
  if (inputTokens.total === undefined || outputTokens.total === undefined) return undefined
  return {
    prompt_tokens: inputTokens.total,
    completion_tokens: outputTokens.total,
    total_tokens: inputTokens.total + outputTokens.total,
    prompt_tokens_details: { cached_tokens: inputTokens.cacheRead ?? 0 },
    completion_tokens_details: { reasoning_tokens: outputTokens.reasoning ?? 0 },
  }
}
