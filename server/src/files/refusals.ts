import { isProblem, Problem } from '@roundhouse/sdk/contract'
import type { DatabaseCaller } from '../ports/database.ts'
import { refusedForModel } from './model-files.ts'
import { mayNotWrite } from './rules.ts'
import type { Bucket } from './store.ts'

/** What the database refuses, when the rules in the code did not; any other error is given back as it is. */
export function refused(caller: DatabaseCaller, bucket: Pick<Bucket, 'id'>, error: unknown): unknown {
  const ofModel = refusedForModel(error)
  if (ofModel) return ofModel
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === '42501') return mayNotWrite(caller, bucket)
  if (code === '23505') return exists(bucket)
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined
  if (constraint === 'objects_owner_id_fkey') return noOwner()
  // Removed meanwhile.
  if (constraint === 'objects_bucket_id_fkey')
    return new Problem('bucket-not-found', `There is no bucket ${bucket.id} any more.`)
  return error
}

export function exists(bucket: Pick<Bucket, 'id'>): Problem {
  return new Problem(
    'object-exists',
    `The bucket ${bucket.id} has an object of this name already. Send x-upsert: true to replace it.`,
  )
}

/** Whoever signed a link to store by may be gone before it is used. */
export function noOwner(): Problem {
  return new Problem('forbidden', 'The user to whom the file would belong is not here any more.')
}

export function bytesMissing(cause: unknown): Problem {
  return new Problem('object-bytes-missing', 'The bytes of this object are not there.', { cause })
}

export function piecesMissing(cause: unknown): Problem {
  return new Problem('storage-unavailable', 'A part of the upload cannot be read. Try again later.', {
    cause,
  })
}

/** What the file store says of a key. */
export function isNotFound(error: unknown): boolean {
  return isProblem(error) && error.code === 'not-found'
}
