import { Worker } from 'node:worker_threads'
import { importedApi, largestApiBytes, Problem } from '@roundhouse/sdk/contract'
import { z } from 'zod'
import { sibling } from '../../kit/sibling.ts'
import { createTurnstile } from '../../kit/turnstile.ts'
import type { ApiDocument, ApiImporter } from '../../ports/api-importer.ts'

/** YAML takes about 2 s for each MB (2026-11-22). */
const timeoutMs = 20_000
const heapMegabytes = 256
const atATime = 2

const answer = z.union([
  z.object({ json: z.string() }),
  z.object({ sentence: z.string() }),
  z.object({ bug: z.string() }),
])

/** Each document is read in a thread of its own, which ends when it takes too long or too much. */
export function createApiImporter(): ApiImporter {
  const turnstile = createTurnstile(atATime)
  return {
    import: (document, signal) =>
      turnstile(async () => {
        signal.throwIfAborted()
        if (typeof document.content === 'string' && Buffer.byteLength(document.content) > largestApiBytes)
          throw new Problem('invalid-request', `The document is larger than ${largestApiBytes} bytes.`)
        return await readInThread(document, signal)
      }),
  }
}

async function readInThread(document: ApiDocument, signal: AbortSignal) {
  const thread = new Worker(sibling(import.meta.url, 'thread'), {
    workerData: document,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  })
  const answered = Promise.withResolvers<unknown>()
  const abort = () => answered.reject(signal.reason)
  const timer = setTimeout(
    () => answered.reject(tooMuch(`takes longer than ${timeoutMs / 1000} s to read`)),
    timeoutMs,
  )
  thread.on('message', answered.resolve)
  thread.on('error', error => {
    const isFull = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    answered.reject(isFull ? tooMuch(`takes more than ${heapMegabytes} MB to read`) : error)
  })
  signal.addEventListener('abort', abort)
  try {
    const given = answer.parse(await answered.promise)
    if ('sentence' in given) throw new Problem('invalid-request', given.sentence)
    if ('bug' in given) throw new Error(`In the thread that reads an API: ${given.bug}`)
    return importedApi.parse(JSON.parse(given.json))
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    await thread.terminate()
  }
}

function tooMuch(what: string): Problem {
  return new Problem(
    'invalid-request',
    `The document ${what}. Send a smaller one, or JSON in the place of YAML.`,
  )
}
