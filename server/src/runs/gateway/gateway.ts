import { isProblem } from '@roundhouse/sdk/contract'
import type { Caller } from '../../accounts/caller.ts'
import type { Credits } from '../../credits/credits.ts'
import type { Clock } from '../../kit/clock.ts'
import { context } from '../../kit/context.ts'
import type { Ids } from '../../kit/ids.ts'
import type { Log } from '../../kit/log.ts'
import { createWriteBehind } from '../../kit/write-behind.ts'
import type { Database } from '../../ports/database.ts'
import type { ChatBody, ChatChunk, ChatCompletion, EmbeddingAnswer, EmbeddingBody } from '../../ports/llm.ts'
import type { CallObserver, ProviderModel, Providers, Target } from '../../providers/provider.ts'
import { costMicrosFor, estimateInputTokens, isTokenCount, type Tokens } from '../price.ts'
import type { EndedCall } from './call-span.ts'
import { completionOf } from './completion.ts'
import { createPayments, isFree, type Payment } from './payment.ts'
import { createGatewayStore, type GatewayCall, type GatewayTables } from './store.ts'
import { createTally, estimatedUsage, isPlausible, tokensOf } from './tally.ts'

/** A call of a provider's model as the client wrote it, but for how it wants the answer sent. */
export type GatewayOrder<Request> = {
  /** `<provider>/<model>`. */
  readonly model: string
  readonly request: Request
  /** Names the work among all of the caller: the same is paid once, however often it is tried. */
  readonly workId?: string | undefined
}

/** Calls of models that no run makes: passed through to the provider, paid for by token, and recorded. */
export type Gateway = {
  /**
   * Chunks in the groups they came in, without their usage; the last chunk of all has no choices and the usage, which
   * is an estimate where the provider did not tell. By then the call is paid. Leaving the loop ends the call at the
   * provider; what was produced is paid. An answer ends with the finish reason `length` when it goes far beyond the
   * limit that the client set, or, without one, when the account has no more to spare.
   * @throws Problem `model-not-found`, `insufficient-credits`, and those of the provider, for which nothing is paid.
   */
  stream(
    caller: Caller,
    order: GatewayOrder<ChatBody>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ChatChunk[], void>
  /** The whole answer, with its usage: of what has a price put together from a stream, for only that can be ended. */
  complete(caller: Caller, order: GatewayOrder<ChatBody>, signal: AbortSignal): Promise<ChatCompletion>
  embed(caller: Caller, order: GatewayOrder<EmbeddingBody>, signal: AbortSignal): Promise<EmbeddingAnswer>
  /** Forgets the calls that are older than their retention. */
  sweep(): Promise<void>
  /** Fulfils when the calls so far are recorded, or cannot be within `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
  close(timeoutMs: number): Promise<void>
}

/** A call under way. */
type Call = {
  readonly target: Target
  readonly payment: Payment
  /** Who is asked, which may be a fallback. */
  readonly observer: CallObserver
  firstToken(): void
  /** Pays for what was used, for nothing when that is undefined, and records it. Never rejects. */
  end(status: GatewayCall['status'], used: Used | undefined, error?: unknown): Promise<void>
}

type Used = Tokens & { readonly isEstimated: boolean }

const nothing: Used = { inputTokens: 0, outputTokens: 0, isEstimated: true }
const cutOff: ChatChunk = { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] }
const sweepRows = 2000

export function createGateway(dependencies: {
  providers: Providers
  credits: Pick<Credits, 'hold' | 'settle' | 'release' | 'deductUpToIn' | 'paidIn'>
  database: Database<GatewayTables>
  ids: Ids
  clock: Clock
  log: Log
  retentionDays: number
  /** Told of each call, to count and trace it. Neither throws nor waits. */
  ended: (call: EndedCall) => void
}): Gateway {
  const { providers, credits, database, ids, clock, log, retentionDays, ended } = dependencies
  const store = createGatewayStore(database.system)
  const openPayment = createPayments({ credits, db: database.system })
  const record = createWriteBehind<GatewayCall>({
    insert: store.insert,
    charsOf: () => 0,
    name: 'gateway-calls',
    clock,
    log,
  })

  /** Those that may answer: the vectors of two models have nothing in common. */
  function modelsOf(target: Target, operation: EndedCall['operation']): readonly ProviderModel[] {
    const targets = operation === 'chat' ? providers.withFallbacks([target]) : [target]
    return targets.map(({ model }) => model)
  }

  async function begin(
    caller: Caller,
    { model: name, request, workId }: GatewayOrder<Readonly<Record<string, unknown>>>,
    maxOutputTokens: number | undefined,
    operation: EndedCall['operation'] = 'chat',
  ): Promise<Call> {
    const target = providers.find(name, operation === 'chat' ? 'chat' : 'embedding')
    const id = ids.uuid()
    const createdAt = clock.now()
    const startedAt = clock.elapsed()
    const { requestId = null, traceParent = null } = context.getStore() ?? {}
    let asked = target
    let firstTokenMs: number | null = null
    const payment = await openPayment({
      userId: caller.userId,
      models: modelsOf(target, operation),
      callId: workId ?? id,
      reason: `model ${name}`,
      inputTokens: () => estimateInputTokens(request),
      maxOutputTokens,
    })

    async function pay(used: Used | undefined): Promise<number> {
      if (used) return payment.settle(asked.model, used)
      await payment.release()
      return 0
    }

    return {
      target,
      payment,
      observer: {
        attempt(attempted) {
          asked = attempted
        },
      },
      firstToken() {
        firstTokenMs ??= clock.elapsed() - startedAt
      },
      async end(status, used, error) {
        const durationMs = clock.elapsed() - startedAt
        const code = isProblem(error) ? error.code : 'internal'
        if (status === 'failed') log.warn('gateway-call-fail', { call: id, model: name, code })
        const paid = await pay(used).catch(cause => {
          // The answer was given all the same, and what is held ends by itself.
          log.error('gateway-settle-fail', { call: id, user_id: caller.userId, err: cause })
          return 0
        })
        const call: GatewayCall = {
          id,
          userId: caller.userId,
          provider: asked.provider,
          model: asked.model.name,
          ...(used ?? nothing),
          credits: paid,
          costMicros: costMicrosFor(asked.model, used ?? nothing),
          firstTokenMs,
          durationMs,
          status,
          error: status === 'failed' ? code : null,
          requestId,
          createdAt,
        }
        record.add(call)
        ended({ ...call, operation, traceParent })
      },
    }
  }

  async function* stream(
    caller: Caller,
    order: GatewayOrder<ChatBody>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly ChatChunk[], void> {
    const { request } = order
    const call = await begin(caller, order, maxOutputTokens(request))
    const tally = createTally(request)
    let status: GatewayCall['status'] = 'cancelled'
    let failure: unknown
    try {
      for await (const chunks of providers.stream([call.target], request, signal, call.observer)) {
        tally.add(chunks)
        if (tally.hasBegun()) call.firstToken()
        yield withChoices(chunks)
        if (tally.outputTokens() <= call.payment.coveredTokens() || (await call.payment.extend())) continue
        yield [cutOff]
        break
      }
      status = 'done'
    } catch (error) {
      if (!signal.aborted) status = 'failed'
      failure = error
      throw error
    } finally {
      // Also when the reader left.
      const isPaid = status === 'done' || (status === 'cancelled' && tally.hasBegun())
      await call.end(status, isPaid ? tally.used() : undefined, failure)
    }
    yield [{ choices: [], usage: tally.usage() }]
  }

  return {
    stream,

    async complete(caller, order, signal) {
      const { request } = order
      const models = modelsOf(providers.find(order.model, 'chat'), 'chat')
      if (!isFree(caller.userId, models)) return completionOf(stream(caller, order, signal))
      const call = await begin(caller, order, maxOutputTokens(request))
      const answer = await orEnd(
        call,
        signal,
        providers.complete([call.target], request, signal, call.observer),
      )
      const isTold = isPlausible(answer.usage)
      const usage = isTold ? answer.usage : estimatedUsage(request, answer)
      await call.end('done', { ...tokensOf(usage), isEstimated: !isTold })
      return { ...answer, usage }
    },

    async embed(caller, order, signal) {
      const { request } = order
      const call = await begin(caller, order, 0, 'embeddings')
      const answer = await orEnd(call, signal, providers.embed(call.target, request, signal))
      const told = answer.usage?.prompt_tokens
      const isTold = isTokenCount(told)
      const tokens = isTold ? told : estimateInputTokens(request)
      await call.end('done', { inputTokens: tokens, outputTokens: 0, isEstimated: !isTold })
      return { ...answer, usage: { prompt_tokens: tokens, total_tokens: tokens } }
    },

    async sweep() {
      const time = new Date(clock.now() - retentionDays * 86_400_000)
      while ((await store.removeOlderThan(time, sweepRows)) === sweepRows)
        await new Promise(resolve => setImmediate(resolve))
    },
    flush: record.flush,
    close: record.close,
  }
}

/** Those that only tell the usage are not for the reader. */
function withChoices(chunks: readonly ChatChunk[]): readonly ChatChunk[] {
  return chunks.every(({ choices }) => choices.length > 0)
    ? chunks
    : chunks.filter(({ choices }) => choices.length > 0)
}

/** What did not come is not paid. */
async function orEnd<Answer>(call: Call, signal: AbortSignal, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer
  } catch (error) {
    await call.end(signal.aborted ? 'cancelled' : 'failed', undefined, error)
    throw error
  }
}

/** Of all the answers together that the client asks for. Some providers know one of the limits only, whichever it is. */
function maxOutputTokens({ max_completion_tokens, max_tokens, n }: ChatBody): number | undefined {
  const limits = [max_completion_tokens, max_tokens].filter(limit => typeof limit === 'number')
  return limits.length === 0 ? undefined : Math.max(...limits) * (typeof n === 'number' ? n : 1)
}
