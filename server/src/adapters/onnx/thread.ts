import { parentPort, workerData } from 'node:worker_threads'
import type { Tensor } from '@roundhouse/sdk/contract'
import { type OrtSession, openOrtSession } from './session.ts'
import { buffersOf, type FromThread, type ToThread } from './thread-messages.ts'

// The thread of one session. It is never terminated from outside: that aborts the whole process when it hits a
// run (onnxruntime-node 1.30, Napi::Error, exit 134). Told to close, it drains, frees the model and ends itself.

const port = parentPort
if (port === null) throw new Error('thread.ts runs as a worker thread only.')
const path = String(workerData)

function send(message: FromThread, outputs: readonly Tensor[] = []) {
  port?.postMessage(message, buffersOf(outputs))
}

function serve(session: OrtSession) {
  port?.on('message', (message: ToThread) => {
    if (message.kind === 'close') {
      session.close().then(() => port?.close())
      return
    }
    session.run(message.inputs, message.outputs).then(
      result => send({ kind: 'done', ...result }, result.outputs),
      (error: Error) => send({ kind: 'failed', text: error.message }),
    )
  })
  send({ kind: 'ready', signature: session.signature, loadMs: session.loadMs })
}

await openOrtSession(path).then(serve, (error: Error) => send({ kind: 'refused', text: error.message }))
