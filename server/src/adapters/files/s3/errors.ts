import { Problem } from '@roundhouse/sdk/contract'
import type { S3Place } from './place.ts'

/**
 * What an S3 storage answered instead of what it was asked for; without `status` it did not answer. The message holds
 * nothing that the storage wrote but its code: a refused signature is answered with what was signed.
 */
export class S3Error extends Error {
  readonly status: number | undefined
  readonly code: string

  constructor(operation: string, status: number | undefined, code: string, options?: ErrorOptions) {
    super(`${operation}: ${status === undefined ? 'no answer' : `answered ${status}`} (${code})`, options)
    this.name = 'S3Error'
    this.status = status
    this.code = code
  }
}

const passingCodes = [
  'BadDigest',
  'IncompleteBody',
  'InternalError',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'XAmzContentSHA256Mismatch',
]
const fullCodes = ['QuotaExceeded', 'StorageFull', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded']
/** The answer to HEAD has no body, and so no code. */
const missingCodes = ['NoSuchKey', 'NoSuchUpload', 'NoSuchVersion', 'NotFound', 'no code']

/** Whether the same call may succeed in a moment. */
export function isPassing(error: S3Error): boolean {
  if (isFull(error)) return false
  if (error.status === undefined || passingCodes.includes(error.code)) return true
  return [408, 429, 500, 502, 503, 504].includes(error.status)
}

export function isFull(error: S3Error): boolean {
  return error.status === 507 || fullCodes.includes(error.code)
}

export function isMissing(error: S3Error): boolean {
  return error.status === 404 && missingCodes.includes(error.code)
}

/** Anything that was thrown, as what the caller is told about the file of that key. What is not of S3 stays as it is. */
export function toProblem(error: unknown, key: string): unknown {
  if (!(error instanceof S3Error)) return error
  if (isMissing(error)) return notFound(key)
  if (isFull(error)) {
    return new Problem(
      'storage-full',
      'The storage is full; nothing was stored. Free some space and try again.',
      {
        cause: error,
        retryAfterSeconds: 30,
      },
    )
  }
  return new Problem(
    'storage-unavailable',
    'The storage of files does not answer. Try again in a few seconds.',
    {
      cause: error,
      retryAfterSeconds: 5,
    },
  )
}

export function notFound(key: string): Problem {
  return new Problem('not-found', `There is no file ${key}.`)
}

/** For the operator: what to change, when waiting will not mend it. */
export function whatToChange(error: S3Error, place: S3Place): string | undefined {
  const where = `bucket ${place.bucket} at ${place.endpoint}`
  switch (error.code) {
    case 'InvalidAccessKeyId':
    // So says versitygw.
    case 'XAdminUserNotFound':
      return `The storage (${where}) does not know the key. Check S3_ACCESS_KEY_ID.`
    case 'SignatureDoesNotMatch':
      return `The storage (${where}) refuses the signature. Check S3_SECRET_ACCESS_KEY.`
    case 'RequestTimeTooSkewed':
      return `The storage (${where}) refuses requests because the clock of this machine is wrong. Set it.`
    case 'NoSuchBucket':
      return `There is no ${where}. Make it, or correct FILES_URL.`
    case 'AuthorizationHeaderMalformed':
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
      return `The ${where} is not in the region ${place.region}. Correct region in FILES_URL.`
  }
  if (error.status !== undefined && error.status < 500 && !isPassing(error)) {
    return `The ${where} cannot be written: ${error.message}. Give the key the right to write there, or correct FILES_URL.`
  }
  return undefined
}
