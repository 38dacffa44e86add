import type { Clock } from '../kit/clock.ts'
import type { Log } from '../kit/log.ts'
import type { Bus } from '../ports/bus.ts'
import { lineOf, type Told } from './message.ts'

/** Bus topic; the message is lines. */
export const changesTopic = 'changes'

/** A statement for each of a thousand changes a second would cost more than the changes. */
const gatherMs = 100
const mostLines = 400
/** A message of the bus is at most 7,000 bytes; a line has at most 250. */
const messageChars = 6500

/** Gathers what this process changed, each thing once, and tells every process now and then. At most once. */
export function createOutbox({ bus, clock, log }: { bus: Bus; clock: Pick<Clock, 'after'>; log: Log }): {
  add(told: Told): void
  close(): void
} {
  const waiting = new Set<string>()
  let cancel: (() => void) | undefined

  function send(): void {
    cancel = undefined
    let message = ''
    for (const line of waiting) {
      if (message.length + line.length > messageChars) {
        publish(message)
        message = ''
      }
      message += message === '' ? line : `\n${line}`
    }
    waiting.clear()
    publish(message)
  }

  function publish(message: string): void {
    bus.publish(changesTopic, message).catch(error => log.debug('change-publish-fail', { err: error }))
  }

  return {
    add(told) {
      waiting.add(lineOf(waiting.size < mostLines ? told : { kind: told.kind, id: null, userId: null }))
      cancel ??= clock.after(gatherMs, send)
    },
    close() {
      cancel?.()
      waiting.clear()
    },
  }
}
