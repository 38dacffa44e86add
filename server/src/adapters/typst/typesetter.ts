import { type ChildProcess, fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Problem } from '@roundhouse/sdk/contract'
import { systemClock } from '../../kit/clock.ts'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { Typesetter } from '../../ports/typesetter.ts'
import type { TypesetAnswer, TypesetOrder } from './messages.ts'

export type TypesetterOptions = {
  log: Log
  /** Fonts that the templates name and the compiler has not. */
  fontsFolder: string
  /** For one report, from the moment that nothing is before it. */
  timeoutMs: number
  /** Resident memory of the process while it works; watched where there is /proc. */
  memoryBytes: number
}

type Waiting = PromiseWithResolvers<TypesetAnswer> & { order: TypesetOrder; signal: AbortSignal | undefined }

/** With the data of a request each. */
const mostWaiting = 16
/** An idle process holds some 120 MB. */
const idleMs = 300_000
const watchMs = 50
const pageBytes = 4096

/**
 * Typst in a process of its own, started by the first report and kept warm. Not a thread: a thread cannot be ended while
 * it is in native code (it ended 7.5 s after `terminate`, when its loop was through; 2026-11-21), native memory is not in
 * its `resourceLimits`, and what crashes there ends the server.
 */
export function createTypesetter({
  log,
  fontsFolder,
  timeoutMs,
  memoryBytes,
}: TypesetterOptions): Typesetter {
  const queue: Waiting[] = []
  let child: ChildProcess | undefined
  let current: Waiting | undefined
  let endWatch = () => {}
  let cancelIdle = () => {}
  let closed = false

  function start(): ChildProcess {
    const started = fork(sibling(import.meta.url, 'process'), [fontsFolder], {
      execArgv: [...process.execArgv, '--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Nothing of ours. The compiler looks for packages in the user's folders and on the network: neither is there.
      env: { ...nowhere },
    })
    let complaint = ''
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-2000)
    })
    process.on('exit', killNow)
    started.on('message', (answer: TypesetAnswer) => settle(answer))
    started.on('error', error => log.error('typeset-process-fail', { err: error }))
    started.once('close', (code, signal) => {
      process.off('exit', killNow)
      // Of one that was given up, another has taken the place.
      if (child !== started) return
      child = undefined
      if (!current) return
      log.error('typeset-process-end', { exit_code: code, signal, stderr: complaint })
      settle({ kind: 'refused', text: `it ended its process (${signal ?? `exit code ${code}`})` })
    })
    return started

    function killNow(): void {
      started.kill('SIGKILL')
    }
  }

  function next(): void {
    if (current) return
    current = queue.shift()
    if (!current) {
      // What is idle keeps nothing alive.
      if (child) setRef(child, 'unref')
      cancelIdle = systemClock.after(idleMs, stop)
      return
    }
    cancelIdle()
    child ??= start()
    setRef(child, 'ref')
    endWatch = watch(child)
    // What can no longer be sent is answered by the end, which follows.
    child.send(current.order, () => {})
  }

  function settle(answer: TypesetAnswer): void {
    const done = current
    current = undefined
    endWatch()
    done?.resolve(answer)
    next()
  }

  /** Ends the process that takes too long or too much; the next report gets another. */
  function watch(watched: ChildProcess): () => void {
    const begin = performance.now()
    const timer = setInterval(() => {
      const tookMs = performance.now() - begin
      const usedBytes = residentBytes(watched.pid)
      if (tookMs < timeoutMs && usedBytes < memoryBytes) return
      clearInterval(timer)
      log.warn('typeset-stop', { took_ms: Math.round(tookMs), used_bytes: usedBytes })
      if (child === watched) child = undefined
      watched.removeAllListeners('message')
      watched.kill('SIGKILL')
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

  function stop(): void {
    const stopping = child
    child = undefined
    stopping?.disconnect()
  }

  function run(order: TypesetOrder, signal: AbortSignal | undefined): Promise<TypesetAnswer> {
    signal?.throwIfAborted()
    if (closed) throw new Problem('shutting-down', 'The server is stopping. Try again.')
    if (queue.length >= mostWaiting)
      throw new Problem('report-overloaded', 'Too many reports wait. Try again in a few seconds.', {
        retryAfterSeconds: 3,
      })
    const waiting: Waiting = { ...Promise.withResolvers<TypesetAnswer>(), order, signal }
    signal?.addEventListener('abort', () => {
      const at = queue.indexOf(waiting)
      if (at < 0) return
      queue.splice(at, 1)
      waiting.reject(signal.reason)
    })
    queue.push(waiting)
    next()
    return waiting.promise
  }

  return {
    async pdf(files, signal) {
      const answer = await run({ kind: 'pdf', files }, signal)
      if (answer.kind === 'pdf') return { pdf: answer.pdf, pages: answer.pages }
      throw failureOf(answer, 'The report cannot be set')
    },
    async png(pdf, page, signal) {
      const answer = await run({ kind: 'png', pdf, page }, signal)
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
      for (const { reject } of queue.splice(0))
        reject(new Problem('shutting-down', 'The server is stopping. Try again.'))
      await current?.promise.catch(() => {})
      cancelIdle()
      const ending = child
      if (!ending) return
      // Idle, it keeps no process alive; without this one that has nothing else to do would end before it.
      setRef(ending, 'ref')
      const ended = new Promise(resolve => ending.once('exit', resolve))
      stop()
      await ended
    },
  }
}

/** A proxy that does not answer, and folders that are not there. */
const nowhere = {
  HTTPS_PROXY: 'http://127.0.0.1:9',
  HTTP_PROXY: 'http://127.0.0.1:9',
  ALL_PROXY: 'http://127.0.0.1:9',
  HOME: '/nonexistent',
  XDG_DATA_HOME: '/nonexistent',
  XDG_CACHE_HOME: '/nonexistent',
}

/** Whether the process, and what we hear of it, keeps this one alive. */
function setRef(child: ChildProcess, to: 'ref' | 'unref'): void {
  child[to]()
  child.channel?.[to]()
  const { stderr } = child
  if (stderr && to in stderr) Reflect.get(stderr, to).call(stderr)
}

function failureOf(answer: TypesetAnswer, what: string): Error {
  if (answer.kind === 'refused') return new Problem('report-failed', `${what}: ${answer.text}.`)
  return new Error(
    answer.kind === 'bug' ? `In the typesetting process: ${answer.text}` : `Not expected: ${answer.kind}`,
  )
}

/** 0 where the system does not say. The second field of statm, in pages of 4 KiB (proc_pid_statm(5)). */
function residentBytes(pid: number | undefined): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0) * pageBytes
  } catch {
    return 0
  }
}
