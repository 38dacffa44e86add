import type { Problem, ProblemCode } from '@roundhouse/sdk/contract'

/** What clients of Supabase Storage look at: `error` and `code`. Source: supabase/storage, `internal/errors/codes.ts`. */
const names: Partial<Record<ProblemCode, { error: string; code: string }>> = {
  'bucket-not-found': { error: 'Bucket not found', code: 'NoSuchBucket' },
  'object-not-found': { error: 'not_found', code: 'NoSuchKey' },
  'object-bytes-missing': { error: 'Not found', code: 'NoSuchKey' },
  'bucket-exists': { error: 'Duplicate', code: 'BucketAlreadyExists' },
  'object-exists': { error: 'Duplicate', code: 'KeyAlreadyExists' },
  'bucket-not-empty': { error: 'ResourceNotEmpty', code: 'ResourceNotEmpty' },
  'invalid-bucket-name': { error: 'Invalid Input', code: 'InvalidBucketName' },
  'invalid-object-name': { error: 'InvalidKey', code: 'InvalidKey' },
  'unsupported-media-type': { error: 'invalid_mime_type', code: 'InvalidMimeType' },
  'unsupported-encoding': { error: 'invalid_mime_type', code: 'InvalidMimeType' },
  'payload-too-large': { error: 'Payload too large', code: 'EntityTooLarge' },
  unauthenticated: { error: 'Unauthorized', code: 'AccessDenied' },
  forbidden: { error: 'Unauthorized', code: 'AccessDenied' },
  'browser-refused': { error: 'Unauthorized', code: 'AccessDenied' },
  'cross-site': { error: 'Unauthorized', code: 'AccessDenied' },
  'link-invalid': { error: 'InvalidJWT', code: 'InvalidJWT' },
  'link-mismatch': { error: 'InvalidSignature', code: 'InvalidSignature' },
  'precondition-failed': { error: 'PreconditionFailed', code: 'PreconditionFailed' },
  'range-not-satisfiable': { error: 'InvalidRange', code: 'InvalidRange' },
  'rate-limited': { error: 'too_many_connections', code: 'SlowDown' },
  'not-found': { error: 'Not Found', code: 'InvalidRequest' },
  'method-not-allowed': { error: 'Not Found', code: 'InvalidRequest' },
  'storage-full': { error: 'InsufficientStorage', code: 'InsufficientStorage' },
  internal: { error: 'Internal', code: 'InternalError' },
}

/** Their status is the true one also here; that of every other refusal is 400, and the true one is in the body. */
const trueStatuses: readonly ProblemCode[] = [
  'not-found',
  'method-not-allowed',
  'precondition-failed',
  'range-not-satisfiable',
  'rate-limited',
  'headers-too-large',
]

export function storageStatus({ code, status }: Problem): number {
  return status >= 500 || trueStatuses.includes(code) ? status : 400
}

export function storageBody({ code, status, message }: Problem): Record<string, string> {
  // There it is said of a credential that is missing or not good as of one that does not suffice.
  const statusCode = code === 'unauthenticated' ? 403 : status
  const name = names[code] ?? { error: 'Error', code: 'InvalidRequest' }
  return { statusCode: String(statusCode), error: name.error, message, code: name.code }
}
