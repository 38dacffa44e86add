import type { LanguageModelV4StreamPart } from '@ai-sdk/provider'
import { Problem } from '@roundhouse/sdk/contract'
import type { ChatChunk, ChatRequest, Llm } from '../../../ports/llm.ts'
import type { Deadline } from '../openai/exchange.ts'
import { createProblems } from '../openai/problems.ts'
import { type Call, openCall } from './call.ts'
import { toCallOptions } from './call-options.ts'
import { toCompletion } from './completion.ts'
import { embedInBatches, textsIn } from './embedding.ts'
import { problemOf } from './faults.ts'
import { brokenReason, createChunker } from './parts.ts'
import { createFetch } from './transport.ts'
import { loadVendor, type Vendor, type VendorModels, vendorUrls } from './vendors.ts'

export type AiSdkOptions = {
  /** For the sentences of problems. */
  readonly name: string
  readonly vendor: Vendor
  /** `http(s)://host[:port]/path`, up to and without `/messages` or `/models`. Null: the vendor's own. */
  readonly baseUrl: string | null
  readonly key: string | null
  readonly connectTimeoutMs: number
  readonly firstTokenTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Until an answer that is not streamed is there, whole. */
  readonly answerTimeoutMs: number
}

/**
 * A provider that speaks its own protocol, by the AI SDK's package for it: `doStream`, `doGenerate` and `doEmbed` alone,
 * without what the SDK puts around them. Costs about three times the CPU per chunk of a provider that speaks as OpenAI
 * does. The package is loaded by the first call.
 * @see https://ai-sdk.dev/providers
 */
export function createAiSdk(options: AiSdkOptions): Llm {
  const { name, vendor, key } = options
  const baseURL = options.baseUrl ?? vendorUrls[vendor]
  const problems = createProblems(options)
  let opened: Promise<{ models: VendorModels; close(): Promise<void> }> | undefined

  async function open() {
    const { Pool } = await import('undici')
    const pool = new Pool(new URL(baseURL).origin, {
      allowH2: false,
      connect: { timeout: options.connectTimeoutMs },
    })
    const fetch = createFetch({ pool, problems })
    const models = await loadVendor(vendor, { baseURL, apiKey: key ?? '', fetch })
    return { models, close: () => pool.close() }
  }

  async function models(): Promise<VendorModels> {
    opened ??= open()
    const { models } = await opened.catch(cause => {
      throw new Problem('provider-failed', `What speaks to provider ${name} could not be loaded.`, { cause })
    })
    return models
  }

  /** Google's stand in the path of a request that carries our key, and whoever calls a model may choose the name. */
  function nameOf({ model }: { readonly model: string }): string {
    if (/^[a-z0-9][\w.@-]*(\/[a-z0-9][\w.@-]*)*$/i.test(model)) return model
    throw refuse('has no model of such a name')
  }

  function refuse(what: string): Problem {
    return new Problem('provider-refused', `Provider ${name} ${what}.`)
  }

  function within(ms: number, what: string): Deadline {
    return { at: performance.now() + ms, late: () => problems.late(`${what} ${ms / 1000} s`) }
  }

  async function startStream(request: ChatRequest, signal: AbortSignal) {
    const asked = toCallOptions(request, vendor, refuse)
    const model = (await models()).chat(nameOf(request))
    return (await model.doStream({ ...asked, abortSignal: signal })).stream.getReader()
  }

  /** @throws what went wrong, as the port promises it */
  async function whole<Answer>(
    request: unknown,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const call = openCall(signal)
    try {
      return await call.wait(ask(call.signal), within(options.answerTimeoutMs, 'did not answer within'))
    } catch (error) {
      throw signal.aborted ? signal.reason : problemOf(error, request, problems)
    } finally {
      call.stop()
    }
  }

  return {
    async *stream(request, signal) {
      const call = openCall(signal)
      let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | undefined
      let isWhole = false
      try {
        let deadline = within(options.firstTokenTimeoutMs, 'sent no first token within')
        reader = await call.wait(startStream(request, call.signal), deadline)
        const toChunks = createChunker()
        while (!isWhole) {
          const part = await nextPart(reader, call, deadline)
          if (part === undefined) throw problems.unreadable('ended its stream before the answer was whole')
          if (part.type === 'error') throw part.error
          const why = part.type === 'finish' ? brokenReason(part.finishReason) : undefined
          if (why !== undefined) throw problems.unreadable(why)
          const chunks: readonly ChatChunk[] = toChunks(part)
          // Known before the chunks are given out: their reader may want no more.
          isWhole = part.type === 'finish'
          if (chunks.length === 0) continue
          yield chunks
          deadline = within(options.idleTimeoutMs, 'sent nothing more for')
        }
      } catch (error) {
        throw signal.aborted ? signal.reason : problemOf(error, request, problems)
      } finally {
        if (isWhole) {
          call.leave()
          await reader?.cancel()
        } else call.stop()
      }
    },

    complete: (request, signal) =>
      whole(request, signal, async abortSignal => {
        const asked = toCallOptions(request, vendor, refuse)
        const model = (await models()).chat(nameOf(request))
        const result = await model.doGenerate({ ...asked, abortSignal })
        const why = brokenReason(result.finishReason)
        if (why !== undefined) throw problems.unreadable(why)
        return toCompletion(result)
      }),

    embed: (request, signal) =>
      whole(request, signal, async abortSignal => {
        const { embedding } = await models()
        if (!embedding) throw new Problem('not-implemented', `Provider ${name} makes no embeddings.`)
        return embedInBatches(embedding(nameOf(request)), textsIn(request, refuse), request, abortSignal)
      }),

    // Calls under way may end: a provider is also closed because an administrator has changed it.
    close: async () => (await opened?.catch(() => undefined))?.close(),
  }
}

async function nextPart(
  reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart>,
  call: Call,
  deadline: Deadline,
): Promise<LanguageModelV4StreamPart | undefined> {
  return (await call.wait(reader.read(), deadline)).value
}
