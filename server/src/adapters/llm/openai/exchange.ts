import type { IncomingHttpHeaders } from 'node:http'
import type { Problem } from '@roundhouse/sdk/contract'
import type { Dispatcher } from 'undici'

/** A moment of `performance.now()`, and what it means when it passes. */
export type Deadline = { readonly at: number; late(): Problem }

/** A request that was sent, and the bytes of its answer. */
export type Exchange = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /**
   * What has come since the last call; null at the end. Time counts only while this is waited for: a reader that takes
   * its time does not make the provider late.
   * @throws the signal's reason, the deadline's problem, what `translate` makes of a fault of the connection.
   */
  read(deadline: Deadline): Promise<readonly Buffer[] | null>
  /** Nothing more is wanted, and little more can come: it goes by, so that the connection serves the next request. */
  finish(): void
  /** Calls the request off, unless it is over. */
  stop(): void
}

export type Sent = { readonly path: string; readonly headers: Record<string, string>; readonly body: string }

/** Unread bytes at which the provider is held back. */
const enoughBytes = 256 * 1024
/** How long a connection may take to end what it has said is the end. */
const tailMs = 1000

/**
 * Sends a POST and waits for the head of the answer. Built on `dispatch`: the streams that `request` and `fetch` put
 * around a body cost more than all else that is done with a chunk.
 */
export async function openExchange(
  dispatcher: Dispatcher,
  sent: Sent,
  options: {
    readonly signal: AbortSignal
    readonly deadline: Deadline
    /** @param begun Whether a part of the answer was there before. */
    readonly translate: (error: Error, begun: boolean) => Problem
  },
): Promise<Exchange> {
  const { signal, translate } = options
  signal.throwIfAborted()
  let controller: Dispatcher.DispatchController | undefined
  let head: { status: number; headers: IncomingHttpHeaders } | undefined
  let parts: Buffer[] = []
  let unreadBytes = 0
  let over: 'ended' | { readonly reason: unknown } | undefined
  let wanted = true
  let wake: (() => void) | undefined
  let tail: NodeJS.Timeout | undefined

  function end(how: NonNullable<typeof over>): void {
    over ??= how
    signal.removeEventListener('abort', onAbort)
    clearTimeout(tail)
    wake?.()
  }
  function stopFor(reason: unknown): void {
    if (over !== undefined) return
    end({ reason })
    controller?.abort(new Error('called off'))
  }
  function onAbort(): void {
    parts = []
    stopFor(signal.reason)
  }
  signal.addEventListener('abort', onAbort)

  /** Until something has changed. */
  function change(deadline: Deadline): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => stopFor(deadline.late()), Math.max(0, deadline.at - performance.now()))
      wake = () => {
        wake = undefined
        clearTimeout(timer)
        resolve()
      }
    })
  }

  dispatcher.dispatch(
    // The limits of undici are off: they know nothing of tokens.
    { ...sent, method: 'POST', headersTimeout: 0, bodyTimeout: 0 },
    {
      onRequestStart(started) {
        controller = started
        if (over !== undefined) started.abort(new Error('called off'))
      },
      onResponseStart(_controller, status, headers) {
        // Early hints and the like are not the answer.
        if (status < 200) return
        head = { status, headers }
        wake?.()
      },
      onResponseData(responding, bytes) {
        if (!wanted) return
        parts.push(bytes)
        unreadBytes += bytes.length
        if (unreadBytes > enoughBytes) responding.pause()
        wake?.()
      },
      onResponseEnd: () => end('ended'),
      onResponseError: (_controller, error) => end({ reason: translate(error, head !== undefined) }),
    },
  )

  while (head === undefined && over === undefined) await change(options.deadline)
  if (head === undefined) throw typeof over === 'object' ? over.reason : new Error('an answer without a head')

  return {
    ...head,
    async read(deadline) {
      while (parts.length === 0 && over === undefined) await change(deadline)
      if (parts.length > 0) {
        const taken = parts
        parts = []
        unreadBytes = 0
        if (controller?.paused) controller.resume()
        return taken
      }
      if (typeof over === 'object') throw over.reason
      return null
    },
    finish() {
      wanted = false
      parts = []
      if (over !== undefined) return
      tail = setTimeout(() => stopFor(undefined), tailMs)
      if (controller?.paused) controller.resume()
    },
    stop: () => stopFor(undefined),
  }
}
