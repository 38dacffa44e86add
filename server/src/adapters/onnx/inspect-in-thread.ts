import { Worker } from 'node:worker_threads'
import { Problem } from '@roundhouse/sdk/contract'
import { sibling } from '../../kit/sibling.ts'
import type { ModelFacts } from '../../ports/model-runtime.ts'
import type { Inspection } from './inspect-thread.ts'

/**
 * Inspects a file in a short-lived thread: a file of 2 GB may be made of a billion fields, and reading them takes
 * seconds that the event loop does not have.
 * @throws Problem `invalid-model` with the reason.
 */
export function inspectInThread(path: string): Promise<ModelFacts> {
  const { promise, resolve, reject } = Promise.withResolvers<ModelFacts>()
  const worker = new Worker(sibling(import.meta.url, 'inspect-thread'), {
    workerData: path,
    name: 'onnx-inspect',
  })
  worker.on('message', (inspection: Inspection) => {
    if ('facts' in inspection) resolve(inspection.facts)
    else reject(new Problem('invalid-model', inspection.refusal))
  })
  worker.on('error', reject)
  worker.on('exit', exitCode =>
    reject(new Error(`The inspection ended with code ${exitCode} and no result.`)),
  )
  return promise
}
