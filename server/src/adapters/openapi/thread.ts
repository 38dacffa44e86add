import { parentPort, workerData } from 'node:worker_threads'
import { isProblem } from '@roundhouse/sdk/contract'
import { invariant } from '../../kit/invariant.ts'
import { importDocument } from './import-document.ts'
import { readDocument } from './read-document.ts'

// The thread that reads one document: `workerData` is an ApiDocument, and the answer is sent as JSON.

invariant(parentPort, 'this module runs in a worker thread')
const { content, ...choice } = workerData

try {
  const document = typeof content === 'string' ? readDocument(content) : content
  parentPort.postMessage({ json: JSON.stringify(importDocument(document, choice)) })
} catch (error) {
  parentPort.postMessage(
    isProblem(error)
      ? { sentence: error.message }
      : { bug: error instanceof Error ? (error.stack ?? error.message) : String(error) },
  )
}
