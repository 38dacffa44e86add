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
/** JSON.stringify fails on what is nested some thousand levels deep. */
const deepestMetadata = 100

/** One line of printable characters, else undefined: it is sent back as a header. */
export function readableHeader(value: string | undefined): string | undefined {
  return value !== undefined && /^[\x20-\x7e]{1,200}$/.test(value) ? value : undefined
}

/** @throws Problem `payload-too-large`, `invalid-request` */
export function checkMetadata(metadata: ObjectDetails['userMetadata']): void {
  if (!metadata) return
  checkValue(metadata, deepestMetadata)
  if (Buffer.byteLength(JSON.stringify(metadata)) > maxMetadataBytes)
    throw new Problem('payload-too-large', `The metadata is larger than ${maxMetadataBytes} bytes.`)
}

function checkValue(value: unknown, levels: number): void {
  // PostgreSQL's jsonb has neither.
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed()))
    throw new Problem('invalid-request', 'metadata: holds a NUL or half a surrogate pair.')
  if (typeof value !== 'object' || value === null) return
  if (levels === 0)
    throw new Problem('invalid-request', `metadata: is nested more than ${deepestMetadata} levels deep.`)
  for (const [key, field] of Object.entries(value)) {
    checkValue(key, 0)
    checkValue(field, levels - 1)
  }
}
