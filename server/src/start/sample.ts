import { createReadStream } from 'node:fs'
import { isProblem } from '@roundhouse/sdk/contract'
import type { Log } from '../kit/log.ts'
import type { Registry } from '../models/registry.ts'
import { sampleModelFile } from './paths.ts'

export const sampleName = 'digits'

/** A registry that never held a model gets the sample. Whoever removes it does not get it back. */
export async function seedSample(registry: Registry, log: Log): Promise<void> {
  if (!(await registry.neverUsed())) return
  try {
    const upload = await registry.receive(createReadStream(sampleModelFile))
    await registry.push(
      {
        name: sampleName,
        version: '1',
        description: 'Sample: reads a handwritten digit from 8x8 grey values of 0 to 16.',
        visibility: 'public',
      },
      upload,
    )
  } catch (error) {
    // Another replica was faster, or the sample cannot be had: the server is of use without it.
    if (!isProblem(error) || error.code !== 'model-exists') log.warn('sample-seed-fail', { err: error })
  }
}
