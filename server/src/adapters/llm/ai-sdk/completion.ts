import type { LanguageModelV4GenerateResult } from '@ai-sdk/provider'
import type { ChatCompletion, ToolCall } from '../../../ports/llm.ts'
import { toFinishReason, toUsage } from './parts.ts'

/** An answer that was not streamed. */
export function toCompletion(result: LanguageModelV4GenerateResult): ChatCompletion {
  let text = ''
  let reasoning = ''
  const calls: ToolCall[] = []
  for (const part of result.content) {
    if (part.type === 'text') text += part.text
    else if (part.type === 'reasoning') reasoning += part.text
    else if (part.type === 'tool-call' && !part.providerExecuted)
      calls.push({
        id: part.toolCallId,
        type: 'function',
        function: { name: part.toolName, arguments: part.input },
      })
  }
  const said = result.structuredOutputText ?? text
  const message = {
    role: 'assistant' as const,
    content: said === '' ? null : said,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  return {
    choices: [{ index: 0, message, finish_reason: toFinishReason(result.finishReason) }],
    usage: toUsage(result.usage) ?? null,
  }
}
