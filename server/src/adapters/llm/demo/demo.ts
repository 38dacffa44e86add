import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type {
  ChatChunk,
  ChatDelta,
  ChatRequest,
  EmbeddingRequest,
  Llm,
  TokenUsage,
} from '../../../ports/llm.ts'
import { answerTo } from './answer.ts'

const embeddingSize = 8
const lettersPerToken = 4
const fragmentLetters = 12

/**
 * A provider without a language model: it says so, says back what it was told, and calls a tool when told to
 * (`call <tool> {"argument": 1}`) and keeps to a JSON schema, so that everything around a model can be seen at work without a key. The same
 * request has the same answer.
 * @param paceMs Between two words.
 */
export function createDemo({ paceMs }: { paceMs: number }): Llm {
  async function pace(signal: AbortSignal): Promise<void> {
    if (paceMs > 0) await delay(paceMs, undefined, { signal }).catch(() => {})
    signal.throwIfAborted()
  }

  return {
    async *stream(request, signal) {
      signal.throwIfAborted()
      const { head, deltas, finish, usage } = answer(request)
      const chunkHead = { ...head, object: 'chat.completion.chunk' }
      const chunk = (delta: ChatDelta, finish_reason: string | null = null): ChatChunk => ({
        ...chunkHead,
        choices: [{ index: 0, delta, finish_reason }],
        usage: null,
      })
      yield [chunk({ role: 'assistant', content: '' })]
      for (const delta of deltas) {
        await pace(signal)
        yield [chunk(delta)]
      }
      yield [chunk({}, finish), { ...chunkHead, choices: [], usage }]
    },

    async complete(request, signal) {
      const { head, deltas, finish, usage } = answer(request)
      for (const _ of deltas) await pace(signal)
      const content = deltas.map(delta => delta.content ?? '').join('')
      const pieces = deltas.flatMap(({ tool_calls = [] }) => tool_calls)
      const [first] = pieces
      const written = pieces.map(piece => piece.function?.arguments ?? '').join('')
      const call = {
        id: first?.id ?? '',
        type: 'function' as const,
        function: { name: first?.function?.name ?? '', arguments: written },
      }
      const message = first
        ? { role: 'assistant' as const, content: null, tool_calls: [call] }
        : { role: 'assistant' as const, content }
      return {
        ...head,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: finish }],
        usage,
      }
    },

    async embed(request, signal) {
      signal.throwIfAborted()
      const inputs = inputsOf(request)
      const tokens = inputs.reduce((sum, text) => sum + Math.ceil(text.length / lettersPerToken), 0)
      return {
        object: 'list',
        data: inputs.map((text, index) => ({ object: 'embedding', index, embedding: vectorOf(text) })),
        model: request.model,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      }
    },

    async close() {},
  }
}

type Answer = {
  readonly head: { readonly id: string; readonly created: number; readonly model: string }
  readonly deltas: readonly ChatDelta[]
  readonly finish: string
  readonly usage: TokenUsage
}

/** All that needs the whole conversation, which may be long, is made here, once. */
function answer(request: ChatRequest): Answer {
  const said = answerTo(request)
  const conversation = JSON.stringify(request.messages)
  const all = said.kind === 'call' ? callDeltas(said) : wordDeltas(said.text)
  const most = Number(request.max_completion_tokens ?? request.max_tokens ?? Number.POSITIVE_INFINITY)
  const deltas = all.slice(0, most)
  const prompt_tokens = Math.ceil(conversation.length / lettersPerToken)
  const completion_tokens = deltas.length
  const id = `demo-${digest(conversation).toString('hex', 0, 12)}`
  return {
    head: { id, created: 0, model: request.model },
    deltas,
    finish: deltas.length < all.length ? 'length' : said.kind === 'call' ? 'tool_calls' : 'stop',
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  }
}

function wordDeltas(text: string): ChatDelta[] {
  return text.split(/(?<=\s)(?=\S)/).map(content => ({ content }))
}

/** The id and the name first, then the arguments in fragments, as models do. */
function callDeltas(call: { id: string; name: string; written: string }): ChatDelta[] {
  const fragments = call.written.match(new RegExp(`[^]{1,${fragmentLetters}}`, 'g')) ?? []
  return [
    {
      tool_calls: [{ index: 0, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }],
    },
    ...fragments.map(fragment => ({ tool_calls: [{ index: 0, function: { arguments: fragment } }] })),
  ]
}

function inputsOf({ input }: EmbeddingRequest): string[] {
  if (typeof input === 'string') return [input]
  const isOne = input.every(item => typeof item === 'number')
  return (isOne ? [input] : input).map(item => (typeof item === 'string' ? item : JSON.stringify(item)))
}

/** Of length 1, so that a comparison by angle gives something. Equal texts are equal; near ones are not near. */
function vectorOf(text: string): number[] {
  const bytes = [...digest(text).subarray(0, embeddingSize)].map(byte => byte - 127.5)
  const length = Math.hypot(...bytes)
  return bytes.map(value => value / length)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
