import type { FastifyRequest } from 'fastify'
import type { StoredObject } from '../files/store.ts'
import type { FileLink } from '../ports/file-store.ts'

/** At this size a second request, with its connection, costs the reader more than the bytes cost us. */
const directBytes = 64 * 1024
/** Time to follow a redirect. A download that has begun goes on. */
const linkSeconds = 60
/** Clients follow with these, credentials among them; `authorization` and cookies they leave behind. */
const carriedSecrets = ['x-api-key', 'x-railway-secret', 'apikey']
/** About our entity tags and times: the storage has others. */
const ourConditions = ['if-match', 'if-modified-since', 'if-unmodified-since']

/** Makes the address where the client reads these bytes itself; undefined when only the server can give them. */
export type LinkTo = (object: StoredObject, link: FileLink) => Promise<URL | undefined>

/**
 * Where this reader gets the object from the storage itself, if anywhere.
 * @param link With what the answer of the storage has to say; `expiresAt` is the end of the link it is asked by.
 */
export async function redirectOf(
  request: FastifyRequest,
  object: StoredObject,
  linkTo: LinkTo,
  { expiresAt, ...link }: Omit<FileLink, 'expiresInSeconds'> & { expiresAt: Date | undefined },
): Promise<URL | undefined> {
  if (request.method !== 'GET' || object.size_bytes <= directBytes || staysHere(request)) return undefined
  const leftSeconds = expiresAt ? Math.floor((expiresAt.getTime() - Date.now()) / 1000) : linkSeconds
  if (leftSeconds < 1) return undefined
  return await linkTo(object, { ...link, expiresInSeconds: Math.min(linkSeconds, leftSeconds) })
}

function staysHere({ headers }: FastifyRequest): boolean {
  if ([...carriedSecrets, ...ourConditions].some(name => headers[name] !== undefined)) return true
  // Pages of our own may load from us alone (`default-src 'self'`); a download that is clicked may go elsewhere.
  if (headers['sec-fetch-site'] === 'same-origin' && headers['sec-fetch-dest'] !== 'document') return true
  // A script that sends cookies reads only what names its origin, and after a redirect that is "null".
  return headers['sec-fetch-mode'] === 'cors' && headers.cookie !== undefined
}
