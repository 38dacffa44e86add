import { Problem } from '@roundhouse/sdk/contract'

/** What is known of an object beside its bytes. */
export type ObjectDetails = {
  contentType: string
  /** The header of the same name that readers get; `no-cache` when absent. */
  cacheControl?: string | undefined
  userMetadata?: Readonly<Record<string, unknown>> | null | undefined
}

/** Absent and undefined ones stay as they are. */
export type DetailChanges = { [Field in keyof ObjectDetails]?: ObjectDetails[Field] | undefined }

/** Text of JSON. */
const maxMetadataBytes = 1024 * 1024

/** One line of printable characters, else undefined: it is sent back as a header. */
export function readableHeader(value: string | undefined): string | undefined {
  return value !== undefined && /^[\x20-\x7e]{1,200}$/.test(value) ? value : undefined
}

/** @throws Problem `payload-too-large`, `invalid-request` */
export function checkMetadata(metadata: ObjectDetails['userMetadata']): void {
  const text = metadata ? JSON.stringify(metadata) : ''
  if (Buffer.byteLength(text) > maxMetadataBytes)
    throw new Problem('payload-too-large', `The metadata is larger than ${maxMetadataBytes} bytes.`)
  // PostgreSQL's jsonb has neither.
  if (/\\u0000|\\ud[89a-f]/i.test(text))
    throw new Problem('invalid-request', 'metadata: holds a NUL or half a surrogate pair.')
}

export function withoutUndefined<Value extends object>(
  value: Value,
): { [Field in keyof Value]?: Exclude<Value[Field], undefined> } {
  const given = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(given) as ReturnType<typeof withoutUndefined<Value>>
}
