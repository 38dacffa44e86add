import { z } from 'zod'

/** 200 of `GET /health` and `/api/health`: ready, every required model loaded and warm. */
export const healthy = z.object({
  status: z.literal('healthy'),
  service: z.literal('roundhouse'),
  version: z.string(),
  timestamp: z.iso.datetime(),
})

/** 503 of `GET /health` and `/api/health`. */
export const unavailable = z.object({
  status: z.literal('unavailable'),
  reasons: z.array(z.string()),
})

/** `GET /api/v1/live`. */
export const live = z.object({ live: z.literal(true) })

/** 200 and 503 of `GET /api/v1/ready`. `reasons` is empty when ready; `degraded` names what is missed but not needed. */
export const ready = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()),
  degraded: z.array(z.string()),
})

export const componentState = z.enum(['healthy', 'unavailable', 'not-configured'])

/** `reloading` still serves: the old version answers until the new one is warm. */
export const servingState = z.enum(['unloaded', 'loading', 'ready', 'reloading', 'unloading', 'failed'])

/** `reason` says why a model is not ready; `load_ms` is null until it was loaded once. */
export const modelHealth = z.object({
  name: z.string(),
  version: z.string(),
  state: servingState,
  required: z.boolean(),
  load_ms: z.number().min(0).nullable(),
  reason: z.string().nullable(),
})

/**
 * A version that is ready, in the process that answers. `serves`: its name without a version means this one. `since` is when it
 * came to be so; null for one that is not in memory.
 */
export const modelState = modelHealth.extend({
  id: z.uuid(),
  serves: z.boolean(),
  since: z.iso.datetime().nullable(),
})

/** Reply of `GET /api/v1/models/states`, newest first. */
export const modelStates = z.object({ data: z.array(modelState) })

/** `GET /api/v1/health`: the summary for people. */
export const health = z.object({
  status: z.enum(['healthy', 'degraded', 'unavailable']),
  database: componentState,
  redis: componentState,
  workers: componentState,
  storage: componentState,
  version: z.string(),
  environment: z.string(),
  timestamp: z.iso.datetime(),
  models: z.array(modelHealth),
})

/** `GET /api/v1/health/workers` and `/api/v1/health/celery`. `queue_depth` counts jobs that wait. */
export const workersHealth = z.object({
  status: componentState,
  workers: z.array(z.object({ id: z.string(), last_seen_at: z.iso.datetime() })),
  queue_depth: z.int().min(0),
})

export type Healthy = z.infer<typeof healthy>
export type Unavailable = z.infer<typeof unavailable>
export type Live = z.infer<typeof live>
export type Ready = z.infer<typeof ready>
export type ComponentState = z.infer<typeof componentState>
export type ServingState = z.infer<typeof servingState>
export type ModelHealth = z.infer<typeof modelHealth>
export type ModelState = z.infer<typeof modelState>
export type ModelStates = z.infer<typeof modelStates>
export type Health = z.infer<typeof health>
export type WorkersHealth = z.infer<typeof workersHealth>
