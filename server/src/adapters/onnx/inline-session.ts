import { Problem } from '@roundhouse/sdk/contract'
import type { ModelSession } from '../../ports/model-runtime.ts'
import { copyInputs } from './inputs.ts'
import { openOrtSession } from './session.ts'

/** A session on the calling thread, which is held while it loads and runs: for models that take microseconds. */
export async function openInlineSession(path: string): Promise<ModelSession> {
  const session = await openOrtSession(path).catch((error: Error) => {
    throw new Problem('invalid-model', error.message, { cause: error })
  })
  let closing: Promise<void> | undefined
  return {
    signature: session.signature,
    loadMs: session.loadMs,
    async run(inputs, outputs) {
      if (closing !== undefined) throw new Problem('model-not-loaded', 'The session of this model is closed.')
      return session.run(copyInputs(inputs), outputs).catch((error: Error) => {
        throw new Problem('model-failed', error.message, { cause: error })
      })
    },
    alive: () => closing === undefined,
    close() {
      closing ??= session.close()
      return closing
    },
  }
}
