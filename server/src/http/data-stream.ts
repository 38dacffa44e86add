import type { FastifyReply } from 'fastify'

/** Events of `data:` lines alone, written as they come. */
export type DataStream = {
  /** Whole events. Undefined while the client takes more; else fulfils when it does again, or is gone. */
  write(text: string): Promise<void> | undefined
  end(): void
}

/** Proxies and load balancers cut connections that are silent for a minute, many for half of it. */
const heartbeatMs = 15_000
/** A client that takes nothing for so many heartbeats is cut off. */
const stuckHeartbeats = 4

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

/**
 * Begins the answer: from here on nothing can be said but events. Straight to the socket, because a stream in between
 * would cost each chunk more than all else that is done with it, and with one timer for the whole answer.
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function openDataStream(reply: FastifyReply): DataStream {
  const { raw } = reply
  reply.hijack()
  reply.isStream = true
  const headers = { ...reply.getHeaders(), ...streamHeaders }
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200)
  let wasQuiet = false
  let stuckFor = 0
  let goOn: (() => void) | undefined
  const heartbeat = setInterval(() => {
    if (goOn) {
      stuckFor += 1
      if (stuckFor >= stuckHeartbeats) raw.destroy()
    } else if (wasQuiet) void write(': still here\n\n')
    wasQuiet = true
  }, heartbeatMs)
  heartbeat.unref()
  raw.on('drain', release).once('close', () => {
    clearInterval(heartbeat)
    release()
  })

  function release(): void {
    stuckFor = 0
    goOn?.()
    goOn = undefined
  }

  function write(text: string): Promise<void> | undefined {
    wasQuiet = false
    if (raw.destroyed || raw.write(text)) return undefined
    return new Promise(resolve => {
      goOn = resolve
    })
  }

  return {
    write,
    end() {
      clearInterval(heartbeat)
      raw.end()
    },
  }
}
