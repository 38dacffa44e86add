import { Problem } from '@roundhouse/sdk/contract'
import { systemClock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import type { TypesetOptions, Typesetter } from '../../ports/typesetter.ts'
import { type Child, startChild } from './child.ts'
import type { TypesetAnswer, TypesetOrder } from './messages.ts'
import { createTurns, type Waiter } from './turns.ts'

export type TypesetterOptions = {
  log: Log
  /** Fonts that the templates name and the compiler has not. */
  fontsFolder: string
  /** For one report, from the moment that nothing is before it. */
  timeoutMs: number
  /** Until that moment; 20 s when absent. */
  waitMs?: number
  /** Resident memory of the process while it works; watched where there is /proc. */
  memoryBytes: number
}

type Waiting = Waiter &
  PromiseWithResolvers<TypesetAnswer> & {
    read(signal: AbortSignal): TypesetOrder | Promise<TypesetOrder>
    /** Nobody waits for it any more. */
    stop: AbortController
    /** The process has it. */
    sent: boolean
    cancelTimer(): void
  }

/** An idle process holds some 120 MB. */
const idleMs = 300_000
const watchMs = 50
/** What nobody waits for any more may go on for so long: to end it costs the next one the start of a process, 0.4 s. */
const unwantedMs = 1000
/** For what is read of a file first; nothing else is set meanwhile. */
const readMs = 10_000
/** The process ends itself when the server has not, as it hangs or is stopped. */
const graceMs = 2000

/**
 * Typst in a process of its own, started by the first report and kept warm. Not a thread: a thread cannot be ended while
 * it is in native code (it ended 7.5 s after `terminate`, when its loop was through; 2026-11-21), native memory is not in
 * its `resourceLimits`, and what crashes there ends the server.
 */
export function createTypesetter({
  log,
  fontsFolder,
  timeoutMs,
  waitMs = 20_000,
  memoryBytes,
}: TypesetterOptions): Typesetter {
  const turns = createTurns<Waiting>()
  let child: Child | undefined
  let current: Waiting | undefined
  let endWatch = () => {}
  let cancelIdle = () => {}
  let closed = false

  function start(): Child {
    return startChild({
      log,
      fontsFolder,
      limitMs: timeoutMs + graceMs,
      onAnswer: settle,
      onEnd(how) {
        child = undefined
        if (current) settle({ kind: 'refused', text: `it ended its process (${how})` })
      },
    })
  }

  function next(): void {
    if (current) return
    current = turns.next()
    if (!current) {
      // What is idle keeps nothing alive.
      child?.hold(false)
      cancelIdle = systemClock.after(idleMs, () => void stop())
      return
    }
    cancelIdle()
    current.cancelTimer()
    begin(current)
  }

  function begin(waiting: Waiting): void {
    waiting.cancelTimer = systemClock.after(readMs, () => giveUp(waiting, overloaded('Its file is slow.')))
    Promise.resolve()
      .then(() => waiting.read(waiting.stop.signal))
      .then(
        order => {
          waiting.cancelTimer()
          if (current !== waiting) return
          waiting.sent = true
          child ??= start()
          child.hold(true)
          endWatch = watch(child, waiting)
          child.send(order)
        },
        error => giveUp(waiting, error),
      )
  }

  /** What the process has by now goes on for a moment: see `watch`. */
  function giveUp(waiting: Waiting, reason: unknown): void {
    waiting.cancelTimer()
    turns.remove(waiting)
    waiting.reject(reason)
    waiting.stop.abort(reason)
    if (current === waiting && !waiting.sent) settle(undefined)
  }

  function settle(answer: TypesetAnswer | undefined): void {
    const done = current
    current = undefined
    endWatch()
    if (answer) done?.resolve(answer)
    next()
  }

  /** Ends the process that takes too long or too much, or that nobody waits for; the next report gets another. */
  function watch(watched: Child, { stop: { signal } }: Waiting): () => void {
    const begun = performance.now()
    let unwantedSince = Number.POSITIVE_INFINITY
    const timer = setInterval(() => {
      const now = performance.now()
      const tookMs = now - begun
      const usedBytes = watched.usedBytes()
      if (signal.aborted) unwantedSince = Math.min(unwantedSince, now)
      const isUnwanted = now - unwantedSince >= unwantedMs
      if (tookMs < timeoutMs && usedBytes < memoryBytes && !isUnwanted) return
      clearInterval(timer)
      log.warn('typeset-stop', { took_ms: Math.round(tookMs), used_bytes: usedBytes, unwanted: isUnwanted })
      if (child === watched) child = undefined
      watched.kill()
      settle({
        kind: 'refused',
        text:
          tookMs >= timeoutMs
            ? `it takes longer than ${timeoutMs / 1000} s`
            : `it takes more than ${Math.round(memoryBytes / 1e6)} MB`,
      })
    }, watchMs)
    return () => clearInterval(timer)
  }

  async function stop(): Promise<void> {
    const idle = child
    child = undefined
    await idle?.stop()
  }

  async function run(
    size: Waiter['size'],
    read: Waiting['read'],
    { caller = '', signal }: TypesetOptions,
  ): Promise<TypesetAnswer> {
    signal?.throwIfAborted()
    if (closed) throw stopping()
    const waiting: Waiting = {
      ...Promise.withResolvers<TypesetAnswer>(),
      caller,
      size,
      read,
      stop: new AbortController(),
      sent: false,
      cancelTimer: systemClock.after(waitMs, () =>
        giveUp(waiting, overloaded(`Its turn did not come within ${waitMs / 1000} s.`)),
      ),
    }
    const dropped = turns.add(waiting)
    if (dropped) giveUp(dropped, overloaded('Too many reports wait.'))
    next()
    const leave = () => giveUp(waiting, signal?.reason)
    signal?.addEventListener('abort', leave)
    try {
      return await waiting.promise
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  return {
    async pdf(files, options = {}) {
      const answer = await run('large', () => ({ kind: 'pdf', files }), options)
      if (answer.kind === 'pdf') return { pdf: answer.pdf, pages: answer.pages, missing: answer.missing }
      throw failureOf(answer, 'The report cannot be set')
    },
    async png(read, page, options = {}) {
      const order = async (signal: AbortSignal) => ({ kind: 'png', pdf: await read(signal), page }) as const
      const answer = await run('small', order, options)
      if (answer.kind === 'png') return answer.png
      if (answer.kind === 'no-page')
        throw new Problem(
          'resource-not-found',
          `There is no page ${page}: the report has ${answer.pages} page${answer.pages === 1 ? '' : 's'}.`,
        )
      throw failureOf(answer, 'The page cannot be shown')
    },
    async close() {
      closed = true
      cancelIdle()
      for (const waiting of turns.clear()) giveUp(waiting, stopping())
      await current?.promise.catch(() => {})
      cancelIdle()
      // Idle, it keeps no process alive; without this one that has nothing else to do would end before it.
      child?.hold(true)
      await stop()
    },
  }
}

function overloaded(why: string): Problem {
  return new Problem('report-overloaded', `${why} Try again in a few seconds.`, { retryAfterSeconds: 3 })
}

function stopping(): Problem {
  return new Problem('shutting-down', 'The server is stopping. Try again.')
}

function failureOf(answer: TypesetAnswer, what: string): Error {
  if (answer.kind === 'refused') return new Problem('report-failed', `${what}: ${answer.text}.`)
  return new Error(
    answer.kind === 'bug' ? `In the typesetting process: ${answer.text}` : `Not expected: ${answer.kind}`,
  )
}
