import { createHash } from 'node:crypto'
import type { ChatRequest, PassedMessage } from '../../../ports/llm.ts'
import { exampleOf } from './example.ts'

/** What the demo says, or the call it makes; `written` are the arguments as text, valid or not as they were told. */
export type DemoAnswer =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly written: string }

const introduction = 'This is the demo of Roundhouse: no language model is behind it.'
const longestEcho = 400
/** Of what was said last, looking for a call in it. */
const longestRead = 100_000
/** Of the arguments of a call, which come in fragments. */
const longestArguments = 10_000
const longestName = 64
/** A conversation of 8 MB holds more than 100,000 of them. */
const mostResults = 64

export function answerTo(request: ChatRequest): DemoAnswer {
  const answer = inWords(request)
  const wanted = wantedForm(request)
  // A client that asks for JSON reads nothing else.
  return answer.kind === 'text' && wanted !== undefined
    ? { kind: 'text', text: JSON.stringify(exampleOf(wanted)) }
    : answer
}

/** The schema of the answer, when it is to be JSON. */
function wantedForm({ response_format }: ChatRequest): unknown {
  const format = response_format as { type?: unknown; json_schema?: { schema?: unknown } } | null | undefined
  if (format?.type === 'json_schema') return format.json_schema?.schema ?? { type: 'object' }
  return format?.type === 'json_object' ? { type: 'object' } : undefined
}

function inWords(request: ChatRequest): DemoAnswer {
  const { messages } = request
  const results = resultsAtTheEnd(messages)
  if (results.length > 0) return { kind: 'text', text: `${introduction} ${results.join(' ')}` }
  const said = textOf(messages.findLast(({ role }) => role === 'user')).slice(0, longestRead)
  const [, name, written] = /\bcall\s+([A-Za-z0-9_-]+)\s*(\{[\s\S]*)?/.exec(said) ?? []
  if (name === undefined)
    return {
      kind: 'text',
      text:
        said === ''
          ? `${introduction} You said nothing.`
          : `${introduction} You said: ${said.slice(0, longestEcho)}`,
    }
  if (!toolNames(request).includes(name))
    return {
      kind: 'text',
      text: `${introduction} I was told to call ${name.slice(0, longestName)}, but have no such tool.`,
    }
  return {
    kind: 'call',
    // One conversation may call the same thing twice.
    id: `call_${createHash('sha256').update(JSON.stringify(messages)).digest('hex').slice(0, 16)}`,
    name,
    written: written === undefined ? '{}' : firstObject(written.slice(0, longestArguments)),
  }
}

/** What the tools answered to the last calls, quoted. */
function resultsAtTheEnd(messages: readonly PassedMessage[]): string[] {
  const start = messages.findLastIndex(({ role }) => role !== 'tool') + 1
  const results = messages.slice(start).slice(-mostResults)
  if (results.length === 0) return []
  const names = namesOfCalls(messages)
  return results.map(message => {
    const name = names.get(message.tool_call_id) ?? 'of unknown name'
    return `The tool ${String(name).slice(0, longestName)} answered: "${textOf(message).slice(0, longestEcho)}"`
  })
}

function namesOfCalls(messages: readonly PassedMessage[]): ReadonlyMap<unknown, unknown> {
  const calls = messages.flatMap(({ tool_calls }) => (Array.isArray(tool_calls) ? tool_calls : []))
  return new Map(calls.map(call => [call?.id, call?.function?.name]))
}

/** Text parts alone, when the content is a list. */
function textOf(message: PassedMessage | undefined): string {
  const content = message?.content
  if (typeof content === 'string') return content.trim()
  if (!Array.isArray(content)) return ''
  return content
    .map(part => (typeof part?.text === 'string' ? part.text : ''))
    .join(' ')
    .trim()
}

function toolNames({ tools, tool_choice }: ChatRequest): unknown[] {
  if (!Array.isArray(tools) || tool_choice === 'none') return []
  return tools.map(tool => tool?.function?.name)
}

/** Up to the brace that closes the first; all of it when none does, as a model that was cut off writes. */
function firstObject(text: string): string {
  let depth = 0
  let isInString = false
  // One look at each character: what backs up is held for hours by a text that is never closed.
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at]
    if (isInString && sign === '\\') at += 1
    else if (sign === '"') isInString = !isInString
    else if (!isInString && sign === '{') depth += 1
    else if (!isInString && sign === '}') depth -= 1
    if (depth === 0) return text.slice(0, at + 1)
  }
  return text
}
