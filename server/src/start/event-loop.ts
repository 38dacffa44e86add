import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long the event loop was held up: of every hundred times it was looked at, the second worst. */
export type EventLoop = {
  start(): void
  /** Since it was last asked, in milliseconds. */
  p99Ms(): number
  stop(): void
}

const resolutionMs = 20

export function watchEventLoop(): EventLoop {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  return {
    start: () => void delay.enable(),
    p99Ms() {
      // The time between two looks is in what it gives: 20.3 ms of an idle process (Node 24, 2026-11).
      const ms = delay.percentile(99) / 1e6 - resolutionMs
      delay.reset()
      return Math.max(0, Math.round(ms * 100) / 100)
    },
    stop: () => void delay.disable(),
  }
}
