import {
  type AdminMetrics,
  type AdminOverview,
  type AdminServer,
  adminMetrics,
  adminOverview,
  adminServer,
  type ModelMetrics,
  modelMetrics,
  type ReadMetrics,
} from '../contract/metrics.ts'
import { path } from './path.ts'
import { readReply } from './reply.ts'
import type { CallOptions, Send } from './transport.ts'

export type MetricsOptions = CallOptions & Partial<ReadMetrics>

export type AdminMeasuredClient = {
  /** How things stand: parts, rates of the last minutes, models, last failures. */
  overview(options?: CallOptions): Promise<AdminOverview>
  /** What all processes measured over time: the last hour, or `from` to `to`. */
  metrics(options?: MetricsOptions): Promise<AdminMetrics>
  /** What runs here: version, adapters, settings without secrets, migrations, tables. */
  server(options?: CallOptions): Promise<AdminServer>
}

export function createAdminMeasuredClient(send: Send): AdminMeasuredClient {
  return {
    async overview(options) {
      return readReply(adminOverview, await send({ method: 'GET', path: '/api/v1/admin/overview' }, options))
    },
    async metrics({ from, to, points, ...options } = {}) {
      const call = { method: 'GET', path: '/api/v1/admin/metrics', query: { from, to, points } } as const
      return readReply(adminMetrics, await send(call, options))
    },
    async server(options) {
      return readReply(adminServer, await send({ method: 'GET', path: '/api/v1/admin/server' }, options))
    },
  }
}

export type ReadModelMetrics = (id: string, options?: MetricsOptions) => Promise<ModelMetrics>

export function createReadModelMetrics(send: Send): ReadModelMetrics {
  return async (id, { from, to, points, ...options } = {}) => {
    const call = {
      method: 'GET',
      path: path`/api/v1/models/${id}/metrics`,
      query: { from, to, points },
    } as const
    return readReply(modelMetrics, await send(call, options))
  }
}
