import { saidText } from './llm-answers.ts'
import type { Script } from './llm-upstream.ts'

/** Streams and answers in the vendors' own protocols, as their documentation shows them (2026-11-21). */

const anthropicUsage = {
  input_tokens: 12,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 3,
  output_tokens: 1,
}
const anthropicHead = {
  id: 'msg_01XFDUDYJgAACzvnptvVoYEL',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-5-20250929',
}

const start = {
  type: 'message_start',
  message: {
    ...anthropicHead,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: anthropicUsage,
  },
}
const begin = (index: number, content_block: object) => ({
  type: 'content_block_start',
  index,
  content_block,
})
const delta = (index: number, piece: object) => ({ type: 'content_block_delta', index, delta: piece })
const stop = (index: number) => ({ type: 'content_block_stop', index })
const end = (reason: string) => [
  {
    type: 'message_delta',
    delta: { stop_reason: reason, stop_sequence: null },
    usage: { output_tokens: 9 },
  },
  { type: 'message_stop' },
]
const text = (index: number, pieces: readonly string[]) => [
  begin(index, { type: 'text', text: '' }),
  ...pieces.map(piece => delta(index, { type: 'text_delta', text: piece })),
  stop(index),
]
const toolCall = (index: number, id: string, name: string, pieces: readonly string[]) => [
  begin(index, { type: 'tool_use', id, name, input: {} }),
  ...pieces.map(piece => delta(index, { type: 'input_json_delta', partial_json: piece })),
  stop(index),
]

/** A stream as Anthropic's Messages send it: named events, and none that says it is done. */
export function anthropicStream(events: readonly object[], more: Script = {}): Script {
  return { chunks: events.map(event => JSON.stringify(event)), framing: 'named', end: 'quiet', ...more }
}

/** What both say: what `saidText` holds, in pieces. */
const pieces = ['Grüße', ' — ', '日本', '語 ', '🚂', ' done.']

export const anthropicText: readonly object[] = [
  start,
  { type: 'ping' },
  ...text(0, pieces),
  ...end('end_turn'),
]
/** Up to where two pieces of the text have come. */
export const anthropicBeginning: readonly object[] = anthropicText.slice(0, 5)
export const anthropicCut: readonly object[] = [start, ...text(0, pieces), ...end('max_tokens')]
export const anthropicRefusal: readonly object[] = [start, ...text(0, ['No.']), ...end('refusal')]

/** Thinks, says something, then calls three tools, the last without arguments. */
export const anthropicTools: readonly object[] = [
  start,
  begin(0, { type: 'thinking', thinking: '', signature: '' }),
  delta(0, { type: 'thinking_delta', thinking: 'They ask ' }),
  delta(0, { type: 'thinking_delta', thinking: 'for Oslo.' }),
  delta(0, { type: 'signature_delta', signature: 'EqQBCgIYAhIM' }),
  stop(0),
  ...text(1, ['Let me see.']),
  ...toolCall(2, 'toolu_01', 'look_up', ['', '{"city":', ' "Oslo"}']),
  ...toolCall(3, 'toolu_02', 'look_up', ['{"city": "Rome"}']),
  ...toolCall(4, 'toolu_03', 'clock', ['']),
  ...end('tool_use'),
]
export const anthropicCall: readonly object[] = [
  start,
  ...toolCall(0, 'toolu_01', 'look_up', ['', '{"city":', ' "Oslo"}']),
  ...end('tool_use'),
]

/** The answer that is not streamed. */
export const anthropicMessage = JSON.stringify({
  ...anthropicHead,
  content: [{ type: 'text', text: saidText }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { ...anthropicUsage, output_tokens: 9 },
})

export const anthropicCallMessage = JSON.stringify({
  ...anthropicHead,
  content: [
    { type: 'text', text: 'Let me see.' },
    { type: 'tool_use', id: 'toolu_01', name: 'look_up', input: { city: 'Oslo' } },
  ],
  stop_reason: 'tool_use',
  stop_sequence: null,
  usage: { ...anthropicUsage, output_tokens: 9 },
})

export function anthropicError(type: string, message: string): string {
  return JSON.stringify({
    type: 'error',
    error: { type, message },
    request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy',
  })
}

const googleHead = { modelVersion: 'gemini-2.5-flash', responseId: 'kVYgadqGDb2' }
const googleUsage = { promptTokenCount: 12, candidatesTokenCount: 9, totalTokenCount: 21 }
const candidate = (parts: readonly object[], finishReason?: string) => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...(finishReason ? { finishReason } : {}) }],
  ...(finishReason ? { usageMetadata: googleUsage } : {}),
  ...googleHead,
})

/** A stream as Google's `streamGenerateContent` sends it. */
export function googleStream(answers: readonly object[], more: Script = {}): Script {
  return { chunks: answers.map(answer => JSON.stringify(answer)), framing: 'crlf', end: 'quiet', ...more }
}

export const googleText: readonly object[] = [
  ...pieces.map(piece => candidate([{ text: piece }])),
  candidate([{ text: '' }], 'STOP'),
]
export const googleCall: readonly object[] = [
  candidate([{ functionCall: { name: 'look_up', args: { city: 'Oslo' } } }], 'STOP'),
]
export const googleMessage = JSON.stringify(candidate([{ text: saidText }], 'STOP'))

/** A vector for each of what was asked: its number, and half of it. */
export function googleEmbeddings(count: number): string {
  const embeddings = Array.from({ length: count }, (_, index) => ({ values: [index, index / 2] }))
  return JSON.stringify({ embeddings, usageMetadata: { promptTokenCount: 4 * count } })
}

export const googleBadKey = JSON.stringify({
  error: {
    code: 400,
    message: 'API key not valid. Please pass a valid API key.',
    status: 'INVALID_ARGUMENT',
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
  },
})
