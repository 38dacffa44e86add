import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Llm } from '../ports/llm.ts'
import { createBreaker } from './breaker.ts'
import type { KeyedProvider, ProviderConfig } from './provider-config.ts'
import { createSlots } from './slots.ts'

/** A provider that is open, with what guards it. */
export type Endpoint = {
  readonly config: ProviderConfig
  readonly key: string | null
  readonly llm: Llm
  /** @throws Problem `provider-unavailable` while its breaker is open, `provider-busy` when no slot came free. */
  enter(signal: AbortSignal): Promise<Turn>
}

/** One call under way. */
export type Turn = {
  /** The provider has begun to answer. */
  began(): void
  /** @param error What the call ended with; undefined when it ended well. */
  end(error?: unknown): void
  /** The caller gave up, which says nothing of the provider. */
  left(): void
}

/** What tells of the provider, not of the request. */
const ownFailures: ReadonlySet<string> = new Set([
  'provider-unavailable',
  'provider-timeout',
  'provider-failed',
])

export function createEndpoint({ config, key }: KeyedProvider, llm: Llm, clock: Clock, log: Log): Endpoint {
  const { name, maxConcurrent } = config
  const slots = createSlots(maxConcurrent, clock)
  const breaker = createBreaker(clock, () => log.warn('provider-pause', { provider: name }))

  return {
    config,
    key,
    llm,
    async enter(signal) {
      const giveBack = await slots.take(signal)
      if (!giveBack)
        throw new Problem(
          'provider-busy',
          `Provider ${name} works on ${maxConcurrent} calls, which is as many as it may.`,
          { retryAfterSeconds: 1 },
        )
      const pass = breaker.enter()
      if (!pass) {
        giveBack()
        throw new Problem(
          'provider-unavailable',
          `Provider ${name} failed again and again; it is left alone for some seconds.`,
          { retryAfterSeconds: 10 },
        )
      }
      return {
        began: pass.began,
        end(error) {
          giveBack()
          if (error === undefined) pass.succeeded()
          else if (!isProblem(error)) pass.left()
          // A provider that refuses is there.
          else if (ownFailures.has(error.code)) pass.failed()
          else pass.succeeded()
        },
        left() {
          giveBack()
          pass.left()
        },
      }
    },
  }
}
