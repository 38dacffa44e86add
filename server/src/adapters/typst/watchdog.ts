import { workerData } from 'node:worker_threads'

/** `busy` holds one number: that of the order, 0 while there is none. */
export type WatchdogData = { parentPid: number; limitMs: number; busy: Int32Array }

const lookMs = 250

// Ends the process of the typesetter from a thread beside it: in native code, where it may stay for minutes, it hears
// neither that the server is gone nor any other signal but SIGKILL.

const { parentPid, limitMs, busy }: WatchdogData = workerData
let order = 0
let since = 0
for (;;) {
  const current = Atomics.load(busy, 0)
  if (current !== order) {
    order = current
    since = performance.now()
  }
  const isOver = order !== 0 && performance.now() - since > limitMs
  if (isOver || process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL')
  // Idle, the process itself hears that the server is gone.
  Atomics.wait(busy, 0, order, order === 0 ? Number.POSITIVE_INFINITY : lookMs)
}
