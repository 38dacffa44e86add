import { isDeepStrictEqual } from 'node:util'
import type { BucketDeclaration } from '@roundhouse/sdk/config'
import { isProblem } from '@roundhouse/sdk/contract'
import { serviceCaller } from '../accounts/caller.ts'
import type { Buckets } from '../files/buckets.ts'
import type { Bucket } from '../files/store.ts'

const caller = serviceCaller('config-file')

/**
 * Makes the declared buckets that are missing, and gives the others what the declaration says. What it does not say
 * stays as it is, and nothing is ever removed. Several processes may do so at once.
 */
export async function ensureBuckets(
  buckets: Buckets,
  declarations: readonly BucketDeclaration[],
): Promise<void> {
  for (const { name, ...declared } of declarations) {
    const known = await find(buckets, name)
    const bucket = known ?? (await make(buckets, name, declared))
    const change = Object.fromEntries(
      Object.entries(declared).filter(
        ([field, value]) => value !== undefined && !isDeepStrictEqual(Reflect.get(bucket, field), value),
      ),
    )
    if (Object.keys(change).length > 0) await buckets.update(caller, name, change)
  }
}

async function find(buckets: Buckets, name: string): Promise<Bucket | undefined> {
  try {
    return await buckets.get(caller, name)
  } catch (error) {
    if (isProblem(error) && error.code === 'bucket-not-found') return undefined
    throw error
  }
}

async function make(
  buckets: Buckets,
  name: string,
  declared: Omit<BucketDeclaration, 'name'>,
): Promise<Bucket> {
  const { public: isPublic = false, file_size_limit = null, allowed_mime_types = null } = declared
  try {
    return await buckets.create(caller, { id: name, public: isPublic, file_size_limit, allowed_mime_types })
  } catch (error) {
    // Another replica was faster.
    if (!isProblem(error) || error.code !== 'bucket-exists') throw error
    return buckets.get(caller, name)
  }
}
