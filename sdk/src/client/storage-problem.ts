import type { ProblemCode } from '../contract/problem-codes.ts'

/** Codes of Supabase Storage that say more than their status. */
const codes: Readonly<Record<string, ProblemCode>> = {
  NoSuchBucket: 'bucket-not-found',
  NoSuchKey: 'object-not-found',
  BucketAlreadyExists: 'bucket-exists',
  KeyAlreadyExists: 'object-exists',
  ResourceNotEmpty: 'bucket-not-empty',
  InvalidBucketName: 'invalid-bucket-name',
  InvalidKey: 'invalid-object-name',
  InvalidJWT: 'link-invalid',
  InvalidSignature: 'link-mismatch',
}

/**
 * The status and code of a refusal under `/storage/v1`, whose HTTP status is 400 for nearly all of them; undefined for
 * every other body. Without `code` the status decides.
 */
export function storageRefusal(body: unknown): { status: number; code?: ProblemCode } | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { statusCode, code } = body as Partial<Record<string, unknown>>
  if (typeof statusCode !== 'string' || !/^\d{3}$/.test(statusCode)) return undefined
  const known = typeof code === 'string' && Object.hasOwn(codes, code) ? codes[code] : undefined
  const status = Number(statusCode)
  if (known) return { status, code: known }
  if (status === 404) return { status, code: 'resource-not-found' }
  return status === 409 ? { status, code: 'conflict' } : { status }
}
