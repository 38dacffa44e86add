import { Worker } from 'node:worker_threads'
import type { Log } from '../../kit/log.ts'
import { sibling } from '../../kit/sibling.ts'
import type { ModelSession } from '../../ports/model-runtime.ts'
import { openRemoteSession } from './remote-session.ts'
import { buffersOf } from './session-messages.ts'

/** A session in a thread of its own: neither loading nor a run holds the calling thread. */
export function openThreadSession(path: string, log: Log): Promise<ModelSession> {
  const worker = new Worker(sibling(import.meta.url, 'thread'), { workerData: path, name: 'onnx' })
  // After 'error' comes 'exit'; nothing comes after that.
  worker.on('error', error => log.error('model-thread-fail', { err: error }))
  return openRemoteSession(
    {
      what: 'thread',
      send: (message, inputs) => worker.postMessage(message, buffersOf(inputs)),
      onMessage: listener => worker.on('message', listener),
      onEnd: listener =>
        worker.on('exit', code =>
          listener({ how: `exit code ${code}`, crashed: false, fields: { exit_code: code } }),
        ),
    },
    log,
  )
}
