import { Problem } from '@roundhouse/sdk/contract'

/** Version of the protocol, https://tus.io/protocols/resumable-upload 1.0.0. */
export const tusVersion = '1.0.0'
export const tusExtensions = 'creation,creation-with-upload,creation-defer-length,termination,expiration'

/** What a page of another origin must see of the answers. */
export const tusHeaders = [
  'location',
  'tus-resumable',
  'tus-version',
  'tus-extension',
  'tus-max-size',
  'upload-offset',
  'upload-length',
  'upload-defer-length',
  'upload-expires',
] as const

/** User metadata of an object, as text. */
const longestMetadata = 1024 * 1024

export type UploadMetadata = {
  bucket: string
  name: string
  contentType: string | null
  cacheControl: string | null
  userMetadata: Record<string, unknown> | null
}

/**
 * Reads `Upload-Metadata`: pairs of a key and a base64 value, separated by commas.
 * @throws Problem `invalid-request` when it is not of this form or names no object.
 */
export function readUploadMetadata(header: string | undefined): UploadMetadata {
  const values = new Map<string, string>()
  for (const pair of (header ?? '').split(',')) {
    const [key = '', value = '', ...more] = pair.trim().split(' ')
    if (key === '') continue
    if (more.length > 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value))
      throw new Problem('invalid-request', `Upload-Metadata: ${key.slice(0, 40)} must have one base64 value.`)
    values.set(key, Buffer.from(value, 'base64').toString())
  }
  const seconds = values.get('cacheControl') ?? ''
  return {
    bucket: required(values, 'bucketName'),
    name: required(values, 'objectName'),
    contentType: values.get('contentType') || null,
    cacheControl: /^\d{1,10}$/.test(seconds) ? `max-age=${seconds}` : null,
    userMetadata: readUserMetadata(values.get('metadata')),
  }
}

/** @throws Problem `invalid-request` when there is neither a length nor the word that it follows later, or both. */
export function readUploadLength(length: string | undefined, deferred: string | undefined): number | null {
  if (deferred === '1' && length === undefined) return null
  if (deferred === undefined && length !== undefined) return readCount('Upload-Length', length)
  throw new Problem('invalid-request', 'Send either Upload-Length or Upload-Defer-Length: 1.')
}

/** @throws Problem `invalid-request` when it is not a number of bytes. */
export function readCount(header: string, text: string | undefined): number {
  const count = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(count)) return count
  throw new Problem(
    'invalid-request',
    `${header} must be a number of bytes, got ${JSON.stringify(text?.slice(0, 40))}.`,
  )
}

function required(values: ReadonlyMap<string, string>, key: string): string {
  const value = values.get(key)
  if (value) return value
  throw new Problem('invalid-request', `Upload-Metadata: ${key} is missing.`)
}

/** What cannot be read is dropped, as everywhere in this protocol. */
function readUserMetadata(text: string | undefined): Record<string, unknown> | null {
  if (text === undefined || text.length > longestMetadata) return null
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
