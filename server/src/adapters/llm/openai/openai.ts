import type { ChatCompletion, EmbeddingAnswer, Llm } from '../../../ports/llm.ts'
import { readChatStream } from './chat-stream.ts'
import { isChoice, isFields, toUsage } from './chunk.ts'
import { createPost } from './post.ts'
import { createProblems } from './problems.ts'

export type OpenAiOptions = {
  /** For the sentences of problems. */
  readonly name: string
  /** `http(s)://host[:port]/path`, to which `/chat/completions` is added. */
  readonly baseUrl: string
  readonly key: string | null
  readonly connectTimeoutMs: number
  readonly firstTokenTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Until an answer that is not streamed is there, whole. */
  readonly answerTimeoutMs: number
}

/**
 * A provider that speaks OpenAI's chat completions and embeddings: OpenAI, gateways, vLLM, Ollama, llama.cpp.
 * One connection per call under way, kept for the next; HTTP/1.1, because over HTTP/2 a stream that is not read holds
 * back the others. undici is loaded here alone: it takes 200 ms and 28 MB (2026-11-21).
 * @see https://platform.openai.com/docs/api-reference/chat
 */
export async function openOpenAi(options: OpenAiOptions): Promise<Llm> {
  const { Pool } = await import('undici')
  const { origin } = new URL(options.baseUrl)
  const pool = new Pool(origin, { allowH2: false, connect: { timeout: options.connectTimeoutMs } })
  const problems = createProblems(options)
  const post = createPost({ ...options, pool, problems })

  return {
    stream(given, signal) {
      const request = {
        ...given,
        stream: true,
        stream_options: {
          ...(isFields(given.stream_options) ? given.stream_options : {}),
          include_usage: true,
        },
      }
      return readChatStream({
        open: deadline => post.open('/chat/completions', request, 'text/event-stream', signal, deadline),
        request,
        problems,
        firstToken: () => post.within(options.firstTokenTimeoutMs, 'sent no first token within'),
        idle: () => post.within(options.idleTimeoutMs, 'sent nothing more for'),
      })
    },

    async complete(request, signal) {
      const answer = await post.ask('/chat/completions', { ...request, stream: false }, signal)
      if (!Array.isArray(answer.choices) || !answer.choices.every(isChoice))
        throw problems.unreadable('answered without choices')
      answer.usage = toUsage(answer.usage)
      // What the type names was checked or put right above.
      return answer as ChatCompletion
    },

    async embed(request, signal) {
      const answer = await post.ask('/embeddings', request, signal)
      if (!Array.isArray(answer.data) || !answer.data.every(isVector))
        throw problems.unreadable('answered without vectors')
      // The order of the inputs is that of the index, not always that of the list.
      const data = answer.data.sort((a, b) => a.index - b.index)
      return { ...answer, data } as EmbeddingAnswer
    },

    // Calls under way may end: a provider is also closed because an administrator has changed it.
    close: () => pool.close(),
  }
}

function isVector(item: unknown): item is EmbeddingAnswer['data'][number] {
  if (!isFields(item) || !Number.isSafeInteger(item.index)) return false
  return typeof item.embedding === 'string' || Array.isArray(item.embedding)
}
