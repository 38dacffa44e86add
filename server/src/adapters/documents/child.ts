import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { ReadDocument, UnreadDocument } from '../../ports/document-reader.ts'
import { type Packed, unpacked } from './packed.ts'
import { Unreadable } from './unreadable.ts'

/** `unreadable` says why, as a clause; `bug` is the stack. */
export type ReadAnswer =
  | { kind: 'read'; document: Packed }
  | { kind: 'unreadable'; why: string }
  | { kind: 'bug'; text: string }

const watchMs = 100
/** Of its heap; what libraries of WebAssembly take is beside it. */
const heapMegabytes = 512

/** Reads one document in a process of its own. @throws Unreadable, the reason of the signal, Error for a bug. */
export async function startChild(
  document: UnreadDocument,
  {
    log,
    timeoutMs,
    memoryBytes,
    signal,
  }: { log: Log; timeoutMs: number; memoryBytes: number; signal: AbortSignal },
): Promise<ReadDocument> {
  const child = fork(sibling(import.meta.url, 'process'), [String(process.pid), String(timeoutMs * 2)], {
    // None of the server's: they may name a file with secrets, or open a port for a debugger.
    execArgv: [`--max-old-space-size=${heapMegabytes}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Nothing of ours.
    env: {},
  })
  const answered = Promise.withResolvers<ReadAnswer>()
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  const end = (error: unknown) => {
    answered.reject(error)
    child.kill('SIGKILL')
  }
  const killNow = () => void child.kill('SIGKILL')
  const abort = () => end(signal.reason)
  const startedAt = performance.now()
  const watch = setInterval(() => {
    if (performance.now() - startedAt > timeoutMs)
      end(new Unreadable(`reading it takes longer than ${timeoutMs / 1000} s`))
    else if (residentBytes(child.pid) > memoryBytes)
      end(new Unreadable(`reading it takes more than ${Math.round(memoryBytes / 1e6)} MB`))
  }, watchMs)
  const gone = new Promise<void>(resolve => {
    child.once('close', (code, killedBy) => {
      // Of a heap that is full Node ends itself; what breaks a library does no worse.
      answered.reject(new Unreadable('the program that reads it ended by it'))
      if (killedBy !== 'SIGKILL' && code !== 0)
        log.warn('document-process-end', { exit_code: code, signal: killedBy, stderr: complaint })
      resolve()
    })
  })
  child.on('message', (answer: ReadAnswer) => answered.resolve(answer))
  child.on('error', error => answered.reject(error))
  process.on('exit', killNow)
  signal.addEventListener('abort', abort)
  if (signal.aborted) abort()
  else child.send(document, () => {})
  try {
    const answer = await answered.promise
    if (answer.kind === 'read') return unpacked(answer.document)
    if (answer.kind === 'unreadable') throw new Unreadable(answer.why)
    log.warn('document-read-fail', { detail: answer.text })
    throw new Unreadable('it is damaged')
  } finally {
    clearInterval(watch)
    signal.removeEventListener('abort', abort)
    process.off('exit', killNow)
    child.kill('SIGKILL')
    await gone
  }
}

/** In kB whatever the size of a page is, unlike `statm` (proc_pid_status(5)). */
function residentBytes(pid: number | undefined): number {
  try {
    const [, kilobytes = 0] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}
