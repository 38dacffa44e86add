import { createReadStream } from 'node:fs'
import { isProblem } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import type { Log } from '../kit/log.ts'
import type { Registry } from '../models/registry.ts'
import { sampleModelFile } from './paths.ts'

export const sampleName = 'digits'

/** A registry that never held a model gets the sample, for everyone who is signed in. Whoever removes it does not get it back. */
export async function seedSample(registry: Registry, log: Log): Promise<void> {
  if (!(await registry.neverUsed())) return
  const caller = serviceCaller('sample')
  try {
    const upload = await registry.receive(caller, createReadStream(sampleModelFile))
    await registry.push(
      caller,
      {
        name: sampleName,
        version: '1',
        description: 'Sample: reads a handwritten digit from 8x8 grey values of 0 to 16.',
        visibility: 'users',
      },
      upload,
    )
  } catch (error) {
    // Another replica was faster, or the sample cannot be had: the server is of use without it.
    if (!isProblem(error) || error.code !== 'model-exists') log.warn('sample-seed-fail', { err: error })
  }
}
