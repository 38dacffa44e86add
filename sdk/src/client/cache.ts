import { type CacheMetrics, cacheMetrics } from '../contract/cache.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

export type CacheClient = {
  metrics(options?: CallOptions): Promise<CacheMetrics>
  /** Sets the counters to 0; what is cached stays. */
  reset(options?: CallOptions): Promise<CacheMetrics>
}

export function createCacheClient(send: Send): CacheClient {
  return {
    async metrics(options) {
      return readReply(cacheMetrics, await send({ method: 'GET', path: '/api/v1/cache/metrics' }, options))
    },
    async reset(options) {
      const call = { method: 'POST', path: '/api/v1/cache/metrics/reset', idempotent: true } as const
      return readReply(cacheMetrics, await send(call, options))
    },
  }
}
