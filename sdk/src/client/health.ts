import {
  type Health,
  health,
  type Live,
  live,
  type Ready,
  ready,
  type WorkersHealth,
  workersHealth,
} from '../contract/health.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

/** Not being ready or healthy is an answer here (the server's 503), never a Problem, and is not tried again. */
export type HealthClient = {
  live(options?: CallOptions): Promise<Live>
  ready(options?: CallOptions): Promise<Ready>
  get(options?: CallOptions): Promise<Health>
  /** Live workers, and how many jobs wait. */
  workers(options?: CallOptions): Promise<WorkersHealth>
}

export function createHealthClient(send: Send): HealthClient {
  return {
    async live(options) {
      return readReply(live, await send({ method: 'GET', path: '/api/v1/live' }, options))
    },
    async ready(options) {
      return readReply(ready, await send({ method: 'GET', path: '/api/v1/ready', accepts: [503] }, options))
    },
    async get(options) {
      return readReply(health, await send({ method: 'GET', path: '/api/v1/health', accepts: [503] }, options))
    },
    async workers(options) {
      const call = { method: 'GET', path: '/api/v1/health/workers', accepts: [503] } as const
      return readReply(workersHealth, await send(call, options))
    },
  }
}
