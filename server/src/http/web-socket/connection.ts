import { AsyncLocalStorage } from 'node:async_hooks'
import { Problem } from '@roundhouse/sdk/contract'
import type { WebSocket } from 'ws'
import type { Caller } from '../../accounts/caller.ts'
import type { Limits } from '../../accounts/limits.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Runs } from '../../runs/run.ts'
import { execute } from './execution.ts'
import { createHeartbeat } from './heartbeat.ts'
import { type ClientMessage, readMessage, type ServerMessage, type Work } from './messages.ts'
import { createTurns } from './turns.ts'

/** A connection of someone who is known. */
export type Connection = {
  /** Ends it when its client is not there any more, or may not any more. */
  beat(): Promise<void>
  close(code: number, reason: string): void
}

/** Close codes. Source: RFC 6455, 7.4.1, and the registry of IANA. */
export const goingAway = 1001
export const policyViolation = 1008
export const tryAgainLater = 1013

const mostWaiting = 8
/** Where the plan has no limit. */
const messagesPerMinute = 60
const minuteMs = 60_000

export function openConnection(
  socket: WebSocket,
  first: Caller,
  dependencies: {
    runs: Runs
    limits: Limits
    clock: Clock
    /** Who it is now; undefined when the credential has ended. */
    identify: () => Caller | undefined | Promise<Caller | undefined>
    told: (error: unknown) => Problem
  },
): Connection {
  const { runs, limits, clock, identify, told } = dependencies
  const reader = new AbortController()
  // Messages come in the context of the socket, which has none.
  const turns = createTurns(AsyncLocalStorage.bind(doWork), mostWaiting)
  const perMinute = first.plan.requests_per_minute ?? messagesPerMinute
  let minuteBeganAt = clock.elapsed()
  let messages = 0
  let taken = 0
  const beat = createHeartbeat(socket, () => taken)
  const cancelExpiry = first.expiresAt === null ? () => {} : atTime(clock, first.expiresAt, () => expired())

  socket.on('message', (data, isBinary) => receive(isBinary ? undefined : String(data)))
  socket.once('close', () => {
    cancelExpiry()
    turns.stop()
    reader.abort()
  })
  void send({ type: 'connected', message: 'Connected', userId: first.userId })

  function receive(text: string | undefined): void {
    const now = clock.elapsed()
    if (now - minuteBeganAt >= minuteMs) {
      minuteBeganAt = now
      messages = 0
    }
    messages += 1
    if (messages > 2 * perMinute) close(policyViolation, 'Too many messages.')
    else if (messages > perMinute) refuse(`No more than ${perMinute} messages in a minute.`)
    else take(text === undefined ? 'Send messages of text.' : readMessage(text))
  }

  function take(message: ClientMessage | string): void {
    if (typeof message === 'string') refuse(message)
    else if (message.type === 'ping') void send({ type: 'pong', timestamp: clock.now() })
    else if (!turns.add(message)) refuse(`No more than ${mostWaiting} executions wait their turn.`)
  }

  async function doWork(work: Work): Promise<void> {
    let caller: Caller | undefined
    try {
      caller = await identify()
      if (caller) assertWithinPlan(limits, caller)
    } catch (error) {
      return send({ type: 'error', error: told(error).message })
    }
    if (!caller) return expired()
    await execute({ runs, clock }, { caller, work, signal: reader.signal }, { send, told })
  }

  function refuse(error: string): void {
    void send({ type: 'error', error })
  }

  function send(message: ServerMessage): Promise<void> {
    return new Promise(resolve => {
      socket.send(JSON.stringify(message), () => {
        taken += 1
        resolve()
      })
    })
  }

  function expired(): void {
    close(policyViolation, 'The credential is not valid any more.')
  }

  function close(code: number, reason: string): void {
    turns.stop()
    reader.abort()
    socket.close(code, reason)
  }

  return {
    async beat() {
      beat()
      // What cannot be asked now is asked at the next beat.
      if (!(await Promise.resolve(identify()).catch(() => first))) expired()
    },
    close,
  }
}

/** A message that is work counts as a request. @throws Problem `rate-limited`. */
function assertWithinPlan(limits: Limits, caller: Caller): void {
  const decision = limits.check(caller)
  if (decision === undefined || decision.allowed) return
  const { policyHeader, retryAfterSeconds } = decision
  throw new Problem(
    'rate-limited',
    `The requests of the plan ${caller.plan.name} are used up (${policyHeader}). Try again in ${retryAfterSeconds} seconds.`,
    { retryAfterSeconds },
  )
}

/** Timers wait for 24 days at most; who is connected so long is asked for at each beat. */
const longestTimerMs = 2 ** 31 - 1

function atTime(clock: Clock, timeMs: number, callback: () => void): () => void {
  return clock.after(Math.min(Math.max(0, timeMs - clock.now()), longestTimerMs), callback)
}
