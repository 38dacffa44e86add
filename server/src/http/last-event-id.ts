import type { FastifyRequest } from 'fastify'

/** Where a client goes on that comes back. Undefined when it is not one of our numbers. */
export function lastEventId({ headers }: Pick<FastifyRequest, 'headers'>): number | undefined {
  const text = headers['last-event-id']
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
