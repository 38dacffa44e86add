import { Problem } from '@roundhouse/sdk/contract'
import type { FastifyRequest } from 'fastify'
import { pathOf } from './access-log.ts'

/** `bucket` and `name` of a path `.../:bucket/*`, decoded from what was sent: the router drops a slash at the end. */
export function placeOf(request: FastifyRequest): { bucket: string; name: string } {
  const pattern = request.routeOptions.url ?? ''
  const before = pattern.split('/').indexOf(':bucket')
  const [bucket = '', ...rest] = pathOf(request.url).split('/').slice(before)
  try {
    return { bucket: decodeURIComponent(bucket), name: decodeURIComponent(rest.join('/')) }
  } catch (cause) {
    throw new Problem('invalid-object-name', 'The name is not valid percent-encoding.', { cause })
  }
}

/** For an address: clients encode it themselves, all but the sign that would end the path. */
export function addressOf(bucket: string, name: string): string {
  return `${bucket}/${name}`.replaceAll('?', '%3F')
}
