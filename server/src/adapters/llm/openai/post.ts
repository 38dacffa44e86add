import type { Dispatcher } from 'undici'
import { jsonIn } from '../../../kit/json-in.ts'
import { isFields } from './chunk.ts'
import { type Deadline, type Exchange, openExchange } from './exchange.ts'
import type { Problems } from './problems.ts'
import { readUpTo } from './read-up-to.ts'

type Request = Readonly<Record<string, unknown>>

/** Requests to one provider. */
export type Post = {
  /** The answer's head is there, and it is no refusal. @throws Problem */
  open(
    path: string,
    request: Request,
    accept: string,
    signal: AbortSignal,
    deadline: Deadline,
  ): Promise<Exchange>
  /** The JSON object that an answer is, whole. @throws Problem */
  ask(path: string, request: Request, signal: AbortSignal): Promise<Record<string, unknown>>
  /** From now on. @param what Follows the provider's name and goes before the seconds. */
  within(ms: number, what: string): Deadline
}

const largestAnswerBytes = 64 * 1024 * 1024

export function createPost(options: {
  readonly pool: Dispatcher
  readonly problems: Problems
  readonly baseUrl: string
  readonly key: string | null
  readonly answerTimeoutMs: number
}): Post {
  const { pool, problems, key, answerTimeoutMs } = options
  const prefix = new URL(options.baseUrl).pathname.replace(/\/+$/, '')
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'roundhouse',
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
  }

  function within(ms: number, what: string): Deadline {
    return { at: performance.now() + ms, late: () => problems.late(`${what} ${ms / 1000} s`) }
  }

  async function open(
    path: string,
    request: Request,
    accept: string,
    signal: AbortSignal,
    deadline: Deadline,
  ): Promise<Exchange> {
    const exchange = await openExchange(
      pool,
      { path: prefix + path, headers: { ...headers, accept }, body: JSON.stringify(request) },
      { signal, deadline, translate: problems.broken },
    )
    const { status, headers: answered } = exchange
    if (status < 200 || status >= 300)
      throw problems.refused(status, answered, await readError(exchange, within), request)
    const encoding = answered['content-encoding'] ?? 'identity'
    if (encoding === 'identity') return exchange
    exchange.stop()
    throw problems.unreadable('answered compressed, which it was not asked for')
  }

  return {
    within,
    open,
    async ask(path, request, signal) {
      const deadline = within(answerTimeoutMs, 'did not answer within')
      const exchange = await open(path, request, 'application/json', signal, deadline)
      const whole = await readUpTo(exchange, largestAnswerBytes, deadline).finally(exchange.stop)
      if (whole.isMore) throw problems.unreadable(`answered with more than ${largestAnswerBytes} bytes`)
      const answer = jsonIn(whole.text)
      if (!isFields(answer)) throw problems.unreadable('answered with something that is not a JSON object')
      if (isFields(answer.error)) throw problems.reported(answer.error, request)
      return answer
    },
  }
}

/** The beginning of an answer, for the sentence in it; empty when it does not come: the status alone says enough. */
export async function readError(exchange: Exchange, within: Post['within']): Promise<string> {
  try {
    return (await readUpTo(exchange, 64 * 1024, within(5000, 'sent no reason within'))).text
  } catch {
    return ''
  } finally {
    exchange.stop()
  }
}
