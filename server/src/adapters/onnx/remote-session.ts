import { Problem, type Tensor } from '@roundhouse/sdk/contract'
import type { Log, LogFields } from '../../kit/log.ts'
import type { ModelSession } from '../../ports/model-runtime.ts'
import { copyInputs } from './inputs.ts'
import type { FromSession, ToSession } from './session-messages.ts'

/** The thread or process a session lives in, and the way to it. */
export type Remote = {
  readonly what: 'thread' | 'process'
  /** `inputs` are those of the message; their buffers may be taken. */
  send(message: ToSession, inputs: readonly Tensor[]): void
  onMessage(listener: (message: FromSession) => void): void
  /** Nothing comes after it. */
  onEnd(listener: (end: RemoteEnd) => void): void
}

export type RemoteEnd = {
  /** For people: `SIGFPE`, or `exit code 1`. */
  how: string
  /** Native code did something the processor or the system does not allow: it would again. */
  crashed: boolean
  /** For the log. */
  fields: LogFields
}

type Result = { outputs: Tensor[]; computeMs: number }

/**
 * A session at the other end of a channel; `serveSession` is there.
 * @throws Problem `invalid-model` when the file cannot be loaded.
 */
export function openRemoteSession({ what, ...remote }: Remote, log: Log): Promise<ModelSession> {
  const opening = Promise.withResolvers<ModelSession>()
  const ended = Promise.withResolvers<void>()
  const waiting: PromiseWithResolvers<Result>[] = []
  let state: 'open' | 'closing' | 'ended' = 'open'

  function run(inputs: readonly Tensor[], outputs: readonly string[]): Promise<Result> {
    const copies = copyInputs(inputs)
    const result = Promise.withResolvers<Result>()
    waiting.push(result)
    remote.send({ kind: 'run', inputs: copies, outputs }, copies)
    return result.promise
  }

  remote.onMessage(message => {
    if (message.kind === 'done') waiting.shift()?.resolve(message)
    if (message.kind === 'failed') waiting.shift()?.reject(new Problem('model-failed', message.text))
    if (message.kind === 'refused') {
      state = 'closing'
      opening.reject(new Problem('invalid-model', message.text))
    }
    if (message.kind !== 'ready') return
    opening.resolve({
      signature: message.signature,
      loadMs: message.loadMs,
      async run(inputs, outputs) {
        if (state === 'closing') throw new Problem('model-not-loaded', 'The session of this model is closed.')
        if (state === 'ended') throw gone(what)
        return run(inputs, outputs)
      },
      alive: () => state === 'open',
      close() {
        if (state === 'open') {
          state = 'closing'
          remote.send({ kind: 'close' }, [])
        }
        return ended.promise
      },
    })
  })

  remote.onEnd(({ how, crashed, fields }) => {
    if (state === 'open') log.error(`model-${what}-end`, fields)
    state = 'ended'
    opening.reject(
      crashed
        ? new Problem('invalid-model', `The model ended its ${what} while it was loaded (${how}).`)
        : new Error(`The ${what} of the model ended (${how}) before it was ready.`),
    )
    const sentence = `The model ended its ${what} while it ran (${how}). It is being loaded again.`
    waiting.shift()?.reject(new Problem('model-failed', sentence))
    for (const { reject } of waiting.splice(0)) reject(gone(what))
    // An answer that came with the end reaches its caller first.
    setImmediate(ended.resolve)
  })
  return opening.promise
}

function gone(what: string): Problem {
  return new Problem('model-not-loaded', `The ${what} of this model has ended. It is being loaded again.`, {
    retryAfterSeconds: 1,
  })
}
