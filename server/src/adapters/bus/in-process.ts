import { createListeners } from '../../kit/listeners.ts'
import { silentLog } from '../../kit/log.ts'
import type { Bus } from '../../ports/bus.ts'

const messageLimitBytes = 7000

/** For a single process: messages arrive on a later tick, as they would from elsewhere, and none is ever lost. */
export function createInProcessBus(): Bus {
  const listeners = createListeners(silentLog)
  let closed = false

  return {
    async publish(topic, message) {
      if (Buffer.byteLength(message) > messageLimitBytes) {
        throw new Error(`The message on ${topic} is longer than ${messageLimitBytes} bytes.`)
      }
      if (!closed) setImmediate(() => listeners.deliver(topic, message))
    },
    subscribe: listeners.subscribe,
    onGap: listeners.onGap,
    async close() {
      closed = true
      listeners.clear()
    },
  }
}
