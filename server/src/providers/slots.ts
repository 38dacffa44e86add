import type { Clock } from '../kit/clock.ts'

/** As many calls at a time as a provider takes; the others wait in order, but not long. */
export type Slots = {
  /** What gives the slot back; undefined when none came free in time. @throws the signal's reason */
  take(signal: AbortSignal): Promise<(() => void) | undefined>
}

const longestWaitMs = 1000

export function createSlots(count: number, clock: Clock): Slots {
  const waiting = new Set<() => void>()
  let taken = 0

  function giveBack(): void {
    const [next] = waiting
    if (next) next()
    else taken -= 1
  }

  /** Whether a slot was handed over. */
  function wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        waiting.delete(onTurn)
        signal.removeEventListener('abort', onAbort)
        cancel()
      }
      const onTurn = () => {
        settle()
        resolve(true)
      }
      const onAbort = () => {
        settle()
        reject(signal.reason)
      }
      const cancel = clock.after(longestWaitMs, () => {
        settle()
        resolve(false)
      })
      waiting.add(onTurn)
      signal.addEventListener('abort', onAbort)
    })
  }

  return {
    async take(signal) {
      signal.throwIfAborted()
      if (taken < count) taken += 1
      else if (!(await wait(signal))) return undefined
      let isBack = false
      return () => {
        if (!isBack) giveBack()
        isBack = true
      }
    },
  }
}
