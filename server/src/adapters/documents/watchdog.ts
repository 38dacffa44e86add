import { workerData } from 'node:worker_threads'

export type WatchdogData = { parentPid: number; limitMs: number }

const lookMs = 500

// Ends the process from a thread beside the one that reads: busy, that one hears neither that the server is gone nor any
// signal but SIGKILL.

const { parentPid, limitMs }: WatchdogData = workerData
const endsAt = performance.now() + limitMs
const never = new Int32Array(new SharedArrayBuffer(4))
for (;;) {
  if (performance.now() > endsAt || process.ppid !== parentPid) process.kill(process.pid, 'SIGKILL')
  Atomics.wait(never, 0, 0, lookMs)
}
