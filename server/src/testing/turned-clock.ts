import type { Clock } from '../kit/clock.ts'

/** Time that moves only when told to. */
export function turnedClock(start = 0): Clock & { turn(ms: number): void } {
  let time = start
  let waiting: { at: number; callback: () => void }[] = []
  return {
    now: () => time,
    elapsed: () => time,
    after(ms, callback) {
      const entry = { at: time + ms, callback }
      waiting.push(entry)
      return () => {
        waiting = waiting.filter(other => other !== entry)
      }
    },
    turn(ms) {
      time += ms
      const due = waiting.filter(entry => entry.at <= time).sort((a, b) => a.at - b.at)
      waiting = waiting.filter(entry => entry.at > time)
      for (const { callback } of due) callback()
    },
  }
}
