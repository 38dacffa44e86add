import { parentPort, workerData } from 'node:worker_threads'
import { serveSession } from './serve-session.ts'
import { buffersOf } from './session-messages.ts'

// The thread of one session. It is never terminated from outside: that aborts the whole process when it hits a
// run (onnxruntime-node 1.30, Napi::Error, exit 134).

const port = parentPort
if (port === null) throw new Error('thread.ts runs as a worker thread only.')

await serveSession(String(workerData), {
  send: (message, outputs) => port.postMessage(message, buffersOf(outputs)),
  onMessage: listener => port.on('message', listener),
  close: () => port.close(),
})
