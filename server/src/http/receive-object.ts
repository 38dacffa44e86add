import type { Multipart } from '@fastify/multipart'
import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyRequest } from 'fastify'
import type { ObjectDetails } from '../files/details.ts'
import type { Upload } from '../files/put.ts'
import type { StoredObject } from '../files/store.ts'

type Place = { bucket: string; name: string; upsert: boolean }
type Fields = Partial<ObjectDetails>

export type Receiver = {
  /** @throws Problem when the write may not begin. */
  authorize: (sizeBytes: number) => Promise<unknown>
  put: (upload: Upload) => Promise<StoredObject>
}

/** What a form adds around the file: boundaries, and fields with up to 1 MiB of metadata. */
const formBytes = 2 * 1024 * 1024

/** Stores the body of the request: as it is, or the file of a form. Nothing is decoded. */
export async function receiveObject(
  request: FastifyRequest,
  place: Place,
  receiver: Receiver,
): Promise<StoredObject> {
  const { headers } = request
  refuseEncoding(headers['content-encoding'])
  const announced = Number(headers['content-length'] ?? 0)
  if (request.isMultipart()) return receiveForm(request, place, receiver, Math.max(0, announced - formBytes))
  return receiver.put({
    ...place,
    source: request.raw,
    sizeBytes: announced,
    contentType: headers['content-type'] ?? 'application/octet-stream',
    cacheControl: headers['cache-control'],
    userMetadata: metadataHeader(request),
  })
}

/** Fields may stand before or behind the file. */
async function receiveForm(
  request: FastifyRequest,
  place: Place,
  { authorize, put }: Receiver,
  sizeBytes: number,
): Promise<StoredObject> {
  await authorize(sizeBytes)
  const fields: Fields = {}
  const parts = request.parts()
  const file = await nextFile()
  if (!file) throw new Problem('invalid-request', 'The form has no file.')
  return put({
    ...place,
    sizeBytes,
    contentType: file.mimetype,
    ...fields,
    source: file.file,
    async finish() {
      // More than one file is refused by the reader of forms.
      await nextFile()
      return fields
    },
  })

  /** Reads the fields before it. */
  async function nextFile(): Promise<Extract<Multipart, { type: 'file' }> | undefined> {
    for (;;) {
      const { value: part, done } = await parts.next()
      if (done) return undefined
      if (part.type === 'file') return part
      addField(fields, part)
    }
  }
}

function addField(fields: Fields, part: Exclude<Multipart, { type: 'file' }>): void {
  const { fieldname, value, valueTruncated } = part
  if (typeof value !== 'string' || valueTruncated)
    throw new Problem('payload-too-large', `${fieldname.slice(0, 40)}: too long for a field.`)
  if (fieldname === 'contentEncoding') refuseEncoding(value)
  if (fieldname === 'contentType') fields.contentType = value
  if (fieldname === 'cacheControl' && /^\d{1,10}$/.test(value)) fields.cacheControl = `max-age=${value}`
  if (fieldname === 'metadata' || fieldname === 'userMetadata') fields.userMetadata = metadataOf(value)
}

/** What the header `x-metadata` gives, JSON in base64; null for none. */
export function metadataHeader({ headers }: FastifyRequest): Record<string, unknown> | null {
  return metadataOf(Buffer.from(String(headers['x-metadata'] ?? ''), 'base64').toString())
}

/** Null for what is not the text of a JSON object: the protocol passes over it. */
function metadataOf(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

/** What is stored compressed could only be read by clients that know it. */
export function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return
  throw new Problem(
    'unsupported-encoding',
    `Content-Encoding ${JSON.stringify(encoding.slice(0, 40))} is not stored. Send the bytes as they are.`,
  )
}
