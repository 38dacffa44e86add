import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { TypesetAnswer, TypesetOrder } from './messages.ts'

/** The process that sets reports, seen from the server. */
export type Child = {
  /** What can no longer be sent is answered by `onEnd`, which follows. */
  send(order: TypesetOrder): void
  /** Whether it keeps this process alive. */
  hold(held: boolean): void
  /** Resident memory; 0 where the system does not say. */
  usedBytes(): number
  /** Ends it at once; nothing more is heard of it. */
  kill(): void
  /** Ends it when it has nothing to do. */
  stop(): Promise<void>
}

/**
 * @param options.limitMs After so long with one order it ends itself, should nobody else.
 * @param options.onEnd It ended by itself; the text says how.
 */
export function startChild(options: {
  log: Log
  fontsFolder: string
  limitMs: number
  onAnswer: (answer: TypesetAnswer) => void
  onEnd: (how: string) => void
}): Child {
  const { log, fontsFolder, limitMs, onAnswer, onEnd } = options
  const child = fork(
    sibling(import.meta.url, 'process'),
    [fontsFolder, String(process.pid), String(limitMs)],
    {
      // None of the server's: they may name a file with secrets, or open a port for a debugger.
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Nothing of ours. The compiler looks for packages in the user's folders and on the network: neither is there.
      env: { ...nowhere },
    },
  )
  let complaint = ''
  let forgotten = false
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  process.on('exit', killNow)
  child.on('message', (answer: TypesetAnswer) => {
    if (!forgotten) onAnswer(answer)
  })
  child.on('error', error => log.error('typeset-process-fail', { err: error }))
  child.once('close', (code, signal) => {
    process.off('exit', killNow)
    if (forgotten) return
    log.error('typeset-process-end', { exit_code: code, signal, stderr: complaint })
    onEnd(signal ?? `exit code ${code}`)
  })

  function killNow(): void {
    child.kill('SIGKILL')
  }

  function hold(held: boolean): void {
    const to = held ? 'ref' : 'unref'
    child[to]()
    child.channel?.[to]()
    const { stderr } = child
    if (stderr && to in stderr) Reflect.get(stderr, to).call(stderr)
  }

  return {
    send: order => void child.send(order, () => {}),
    hold,
    usedBytes: () => residentBytes(child.pid),
    kill() {
      forgotten = true
      killNow()
    },
    async stop() {
      forgotten = true
      if (child.connected) child.disconnect()
      await exited
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

/** In kB whatever the size of a page is, unlike `statm` (proc_pid_status(5)). */
function residentBytes(pid: number | undefined): number {
  try {
    const [, kilobytes = 0] = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}
