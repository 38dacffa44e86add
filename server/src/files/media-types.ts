import { Problem } from '@roundhouse/sdk/contract'
import type { Bucket } from './store.ts'

/** RFC 9110, 8.3.1, with any parameters: all of it is sent back as a header. */
const form = /^([\w!#$&^.+-]{1,100})\/([\w!#$&^.+-]{1,100})[ \t]*(;[\x20-\x7e]*)?$/

/** Lower case and without parameters; undefined when it is not of the form. */
export function essenceOf(contentType: string): string | undefined {
  const [, type, subtype] = form.exec(contentType) ?? []
  return type && subtype && contentType.length <= 255 ? `${type}/${subtype}`.toLowerCase() : undefined
}

/** @throws Problem `unsupported-media-type` for what is no media type, and for one that the bucket does not take. */
export function checkContentType(
  contentType: string,
  { id, allowed_mime_types }: Pick<Bucket, 'id' | 'allowed_mime_types'>,
): void {
  const essence = essenceOf(contentType)
  if (essence === undefined)
    throw new Problem(
      'unsupported-media-type',
      `${JSON.stringify(contentType.slice(0, 80))} is not a media type; one is, for instance, image/png.`,
    )
  if (!allowed_mime_types || allowed_mime_types.length === 0) return
  if (allowed_mime_types.some(allowed => covers(allowed.toLowerCase(), essence))) return
  throw new Problem(
    'unsupported-media-type',
    `mime type ${essence} is not supported: the bucket ${id} takes ${allowed_mime_types.join(', ').slice(0, 200)}.`,
  )
}

/** All of a type is `image/*`; all of everything cannot be said. */
function covers(allowed: string, essence: string): boolean {
  const [type, subtype] = allowed.split('/')
  return subtype === '*' ? type !== '*' && essence.startsWith(`${type}/`) : allowed === essence
}
