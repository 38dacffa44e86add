import { z } from 'zod'

/**
 * Reply of `GET /api/v1/cache/metrics`, and of its reset (with the counters at 0).
 * `hit_rate` is 0 to 1, and 0 before the first look-up; `size` counts the entries of this process; 0 when Redis holds
 * them.
 */
export const cacheMetrics = z.object({
  hits: z.int().min(0),
  misses: z.int().min(0),
  hit_rate: z.number().min(0).max(1),
  size: z.int().min(0),
  ttl_seconds: z.number().min(0),
  backend: z.enum(['memory', 'redis']),
})

export type CacheMetrics = z.infer<typeof cacheMetrics>
