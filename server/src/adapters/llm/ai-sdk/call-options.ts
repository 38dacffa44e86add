import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4ToolChoice,
} from '@ai-sdk/provider'
import type { ChatRequest } from '../../../ports/llm.ts'
import { isFields } from '../openai/chunk.ts'
import { type Refuse, toPrompt } from './prompt.ts'
import type { Vendor } from './vendors.ts'

/**
 * OpenAI's request as the packages take it. What only tunes the answer and has no counterpart is left out; what would
 * change its form is refused, because its reader would wait for what never comes.
 * @throws what `refuse` makes of it
 */
export function toCallOptions(
  request: ChatRequest,
  vendor: Vendor,
  refuse: Refuse,
): LanguageModelV4CallOptions {
  const { temperature, top_p, presence_penalty, frequency_penalty, seed, stop } = request
  if (typeof request.n === 'number' && request.n > 1) throw refuse('gives one answer: n is 1')
  if (request.logprobs === true) throw refuse('tells no logprobs')

  const options: LanguageModelV4CallOptions = { prompt: toPrompt(request.messages, refuse) }
  const maxTokens = request.max_completion_tokens ?? request.max_tokens
  if (typeof maxTokens === 'number') options.maxOutputTokens = maxTokens
  if (typeof temperature === 'number') options.temperature = temperature
  if (typeof top_p === 'number') options.topP = top_p
  if (typeof presence_penalty === 'number') options.presencePenalty = presence_penalty
  if (typeof frequency_penalty === 'number') options.frequencyPenalty = frequency_penalty
  if (typeof seed === 'number') options.seed = seed
  if (typeof stop === 'string') options.stopSequences = [stop]
  else if (Array.isArray(stop) && stop.length > 0) options.stopSequences = stop.map(String)
  if (Array.isArray(request.tools) && request.tools.length > 0) {
    options.tools = request.tools.map(tool => toTool(tool, refuse))
    options.toolChoice = toToolChoice(request.tool_choice, refuse)
  }
  const format = toFormat(request.response_format, vendor, refuse)
  if (format) options.responseFormat = format
  if (request.parallel_tool_calls === false)
    options.providerOptions = { anthropic: { disableParallelToolUse: true } }
  return options
}

function toTool(tool: unknown, refuse: Refuse): LanguageModelV4FunctionTool {
  const called = isFields(tool) && tool.type === 'function' ? tool.function : undefined
  if (!isFields(called)) throw refuse('takes only tools of the type function')
  const { name, description, parameters, strict } = called
  return {
    type: 'function',
    name: String(name),
    ...(typeof description === 'string' ? { description } : {}),
    inputSchema: isFields(parameters) ? parameters : { type: 'object', properties: {} },
    ...(strict === true ? { strict } : {}),
  }
}

function toToolChoice(choice: unknown, refuse: Refuse): LanguageModelV4ToolChoice {
  if (choice === null || choice === undefined) return { type: 'auto' }
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice }
  const named = isFields(choice) && isFields(choice.function) ? choice.function.name : undefined
  if (typeof named !== 'string') throw refuse('takes no such tool_choice')
  return { type: 'tool', toolName: named }
}

function toFormat(
  format: unknown,
  vendor: Vendor,
  refuse: Refuse,
): LanguageModelV4CallOptions['responseFormat'] {
  if (!isFields(format) || format.type === 'text') return undefined
  if (format.type === 'json_object') {
    // The package would ask for nothing at all.
    if (vendor === 'anthropic') throw refuse('gives JSON only by a schema: use json_schema')
    return { type: 'json' }
  }
  const { json_schema: given } = format
  if (!isFields(given) || !isFields(given.schema)) throw refuse('takes no such response_format')
  return {
    type: 'json',
    schema: given.schema,
    ...(typeof given.name === 'string' ? { name: given.name } : {}),
    ...(typeof given.description === 'string' ? { description: given.description } : {}),
  }
}
