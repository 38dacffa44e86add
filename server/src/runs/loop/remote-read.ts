import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { Response } from 'undici'
import type { Clock } from '../../kit/clock.ts'

/** How long a backend may say nothing. */
export type Patience = {
  /** @throws Problem `provider-timeout`. */
  await<Value>(coming: Promise<Value>): Promise<Value>
  /** Something was said: the time begins anew. */
  renew(): void
}

export function createPatience(clock: Clock, ms: number): Patience {
  let end = clock.elapsed() + ms

  return {
    async await(coming) {
      const late = Promise.withResolvers<never>()
      const stopTimer = clock.after(Math.max(0, end - clock.elapsed()), () =>
        late.reject(
          new Problem('provider-timeout', `The backend of the agent said nothing for ${ms / 1000} s.`),
        ),
      )
      try {
        return await Promise.race([coming, late.promise])
      } finally {
        stopTimer()
      }
    },
    renew() {
      end = clock.elapsed() + ms
    },
  }
}

/** The bytes of an answer as they come. @throws Problem `provider-failed`, `provider-timeout`. */
export async function* readsOf({ body }: Response, patience: Patience): AsyncGenerator<Buffer, void> {
  if (!body) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await patience.await(reader.read()).catch(error => {
        throw isProblem(error) ? error : brokenOff(error)
      })
      if (done) return
      yield Buffer.from(value)
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

export function brokenOff(cause?: unknown): Problem {
  return new Problem('provider-failed', 'The answer of the backend of the agent broke off.', { cause })
}
