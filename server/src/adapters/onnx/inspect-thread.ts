import { parentPort, workerData } from 'node:worker_threads'
import { isProblem } from '@roundhouse/sdk/contract'
import type { ModelFacts } from '../../ports/model-runtime.ts'
import { inspectOnnx } from './inspect.ts'

// The thread of one inspection. An error that is no Problem ends it and reaches the other side as an 'error' event.

export type Inspection = { facts: ModelFacts } | { refusal: string }

function inspect(): Inspection {
  try {
    return { facts: inspectOnnx(String(workerData)) }
  } catch (error) {
    if (isProblem(error)) return { refusal: error.message }
    throw error
  }
}

parentPort?.postMessage(inspect())
