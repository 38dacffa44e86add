import type { Dispatcher } from 'undici'
import { invariant } from '../../../kit/invariant.ts'
import { type Deadline, type Exchange, openExchange } from '../openai/exchange.ts'
import { readError } from '../openai/post.ts'
import type { Problems } from '../openai/problems.ts'
import { Refusal } from './faults.ts'

const largestAnswerBytes = 64 * 1024 * 1024
const dayMs = 86_400_000

/**
 * `fetch` as the vendors' packages call it, on our connections: with our connect timeout, no redirects (they would show
 * the key to another host), the caller's reason when it is called off, and problems instead of their errors. How long an
 * answer may take is for its reader to say, who knows what is a token and what only keeps the connection alive.
 * @throws Problem, Refusal of an answer that is not 2xx
 */
export function createFetch({ pool, problems }: { pool: Dispatcher; problems: Problems }): typeof fetch {
  function within(ms: number, what: string): Deadline {
    return { at: performance.now() + ms, late: () => problems.late(`${what} ${ms / 1000} s`) }
  }

  return async (address, init) => {
    const { pathname, search } = new URL(address instanceof Request ? address.url : address)
    invariant(typeof init?.body === 'string' && init.signal, 'a vendor is sent JSON, with a signal')
    const deadline = within(dayMs, 'did not end its answer within')
    const exchange = await openExchange(
      pool,
      { path: pathname + search, headers: headersOf(init), body: init.body },
      { signal: init.signal, deadline, translate: problems.broken },
    )
    const { status, headers } = exchange
    if (status < 200 || status >= 300) throw new Refusal(status, headers, await readError(exchange, within))
    if ((headers['content-encoding'] ?? 'identity') === 'identity')
      return new Response(bodyOf(exchange, deadline, problems), { status })
    exchange.stop()
    throw problems.unreadable('answered compressed, which it was not asked for')
  }
}

function headersOf(init: RequestInit): Record<string, string> {
  return { ...Object.fromEntries(new Headers(init.headers)), 'user-agent': 'roundhouse' }
}

/** Read as it is asked for, so that who does not read holds the provider back. */
function bodyOf(exchange: Exchange, deadline: Deadline, problems: Problems): ReadableStream<Uint8Array> {
  let sizeBytes = 0
  return new ReadableStream(
    {
      async pull(controller) {
        const parts = await exchange.read(deadline)
        if (parts === null) {
          controller.close()
          return
        }
        for (const part of parts) {
          sizeBytes += part.length
          controller.enqueue(part)
        }
        if (sizeBytes <= largestAnswerBytes) return
        exchange.stop()
        throw problems.unreadable(`answered with more than ${largestAnswerBytes} bytes`)
      },
      cancel: () => exchange.finish(),
    },
    { highWaterMark: 0 },
  )
}
