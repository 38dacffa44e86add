import { Worker } from 'node:worker_threads'
import { Problem, type Tensor } from '@roundhouse/sdk/contract'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { ModelSession } from '../../ports/model-runtime.ts'
import { copyInputs } from './inputs.ts'
import { buffersOf, type FromThread, type ToThread } from './thread-messages.ts'

type Result = { outputs: Tensor[]; computeMs: number }

/** A session in a thread of its own: neither loading nor a run holds the calling thread. */
export function openThreadSession(path: string, log: Log): Promise<ModelSession> {
  const worker = new Worker(sibling(import.meta.url, 'thread'), { workerData: path, name: 'onnx' })
  const opening = Promise.withResolvers<ModelSession>()
  const ended = Promise.withResolvers<void>()
  const waiting: PromiseWithResolvers<Result>[] = []
  let state: 'open' | 'closing' | 'ended' = 'open'

  function send(message: ToThread, inputs: readonly Tensor[] = []) {
    worker.postMessage(message, buffersOf(inputs))
  }

  function run(inputs: readonly Tensor[], outputs: readonly string[]): Promise<Result> {
    const copies = copyInputs(inputs)
    const result = Promise.withResolvers<Result>()
    waiting.push(result)
    send({ kind: 'run', inputs: copies, outputs }, copies)
    return result.promise
  }

  worker.on('message', (message: FromThread) => {
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
        if (state === 'ended')
          throw new Problem('model-not-loaded', 'The thread of this model has ended. Load it again.')
        return run(inputs, outputs)
      },
      close() {
        if (state === 'open') {
          state = 'closing'
          send({ kind: 'close' })
        }
        return ended.promise
      },
    })
  })

  // After 'error' comes 'exit'; nothing comes after that.
  worker.on('error', error => log.error('model-thread-fail', { err: error }))
  worker.on('exit', exitCode => {
    if (state === 'open') log.error('model-thread-end', { exit_code: exitCode })
    state = 'ended'
    opening.reject(new Error(`The model thread ended with code ${exitCode} before it was ready.`))
    for (const { reject } of waiting.splice(0)) {
      reject(new Problem('model-failed', 'The thread of the model ended while it ran. Load the model again.'))
    }
    ended.resolve()
  })
  return opening.promise
}
