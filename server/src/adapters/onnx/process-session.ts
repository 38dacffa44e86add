import { type ChildProcess, fork } from 'node:child_process'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { ModelSession } from '../../ports/model-runtime.ts'
import { openRemoteSession, type RemoteEnd } from './remote-session.ts'

/**
 * A session in a process of its own, for models that may end the process they run in: nothing else ends with it.
 * Against a thread it takes the same memory, opens in 360 ms instead of 160, and copies what goes in and out through a
 * pipe: 8 MB in and 4 MB out take 36 ms instead of 13, a row the same 0.2 (from source, 2026-11-21).
 */
export function openProcessSession(path: string, log: Log): Promise<ModelSession> {
  const child = fork(sibling(import.meta.url, 'process'), [path], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Nothing of ours: keys and database passwords are there, and a model needs none of it.
    env: {},
  })
  endWithServer(child)
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000)
  })
  child.on('error', error => log.error('model-process-fail', { err: error }))

  return openRemoteSession(
    {
      what: 'process',
      // What can no longer be sent is answered by the end, which follows.
      send: message => void child.send(message, () => {}),
      onMessage: listener => child.on('message', listener),
      // 'exit' may overtake the last messages; 'close' comes after the channel is read to its end.
      onEnd: listener => child.once('close', (code, signal) => listener(endOf(code, signal, complaint))),
    },
    log,
  )
}

const faults = new Set<NodeJS.Signals>(['SIGFPE', 'SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGBUS'])

function endOf(code: number | null, signal: NodeJS.Signals | null, complaint: string): RemoteEnd {
  return {
    how: signal ?? `exit code ${code}`,
    crashed: signal !== null && faults.has(signal),
    fields: { exit_code: code, signal, stderr: complaint },
  }
}

const running = new Set<ChildProcess>()

/** A server that ends in the middle of a run leaves nothing behind that would go on computing. */
function endWithServer(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', endAll)
  running.add(child)
  child.once('close', () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', endAll)
  })
}

function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
