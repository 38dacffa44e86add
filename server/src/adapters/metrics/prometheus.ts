import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Metrics } from '../../ports/metrics.ts'

/** A reading taken when the metrics are asked for. */
export type Reading = {
  name: string
  help: string
  labels?: readonly string[]
  read(): Iterable<{ labels?: Record<string, string>; value: number }>
}

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createPrometheusMetrics(readings: readonly Reading[]): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const requests = new Histogram({
    name: 'roundhouse_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its answer; _count by status gives the 4xx and 5xx.',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers,
  })
  const runs = new Histogram({
    name: 'roundhouse_model_run_duration_seconds',
    help: 'Time in the model per run.',
    labelNames: ['model', 'version'],
    buckets: [0.00002, 0.00005, 0.0001, ...seconds],
    registers,
  })
  const rows = new Histogram({
    name: 'roundhouse_model_batch_rows',
    help: 'Rows per run.',
    labelNames: ['model', 'version'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  const cuts = new Counter({
    name: 'roundhouse_model_batches_total',
    help: 'Runs by why the batch was closed: nothing more waited, the row cap, another shape.',
    labelNames: ['model', 'version', 'reason', 'outcome'],
    registers,
  })
  const jobWaits = new Histogram({
    name: 'roundhouse_job_wait_seconds',
    help: 'Time from the moment a job could begin to its first beginning.',
    labelNames: ['kind'],
    buckets: [...seconds, 30, 60, 300, 1800, 3600],
    registers,
  })
  const jobEnds = new Counter({
    name: 'roundhouse_jobs_ended_total',
    help: 'Jobs that ended: done, failed or cancelled.',
    labelNames: ['kind', 'status'],
    registers,
  })
  for (const reading of readings) {
    new Gauge({
      name: reading.name,
      help: reading.help,
      labelNames: [...(reading.labels ?? [])],
      registers,
      collect() {
        this.reset()
        for (const { labels, value } of reading.read()) this.set(labels ?? {}, value)
      },
    })
  }

  // Finding a child by its labels costs about 1 us, as much as observing: each is looked up once.
  const requestTimers = new Map<string, { observe(value: number): void }>()
  let total = 0
  let failed = 0

  return {
    request({ method, route, status, durationMs }) {
      const key = `${method} ${status} ${route}`
      let timer = requestTimers.get(key)
      if (!timer) {
        timer = requests.labels({ method, route, status: String(status) })
        requestTimers.set(key, timer)
      }
      timer.observe(durationMs / 1000)
      total += 1
      if (status >= 500) failed += 1
    },
    batch({ model, version, rows: count, computeMs, reason, ok }) {
      runs.observe({ model, version }, computeMs / 1000)
      rows.observe({ model, version }, count)
      cuts.inc({ model, version, reason, outcome: ok ? 'ok' : 'error' })
    },
    jobBegin: ({ kind, waitMs }) => jobWaits.observe({ kind }, waitMs / 1000),
    jobEnd: ({ kind, status }) => jobEnds.inc({ kind, status }),
    forget(model, version) {
      runs.remove({ model, version })
      rows.remove({ model, version })
      for (const reason of ['drained', 'row-cap', 'shape'])
        for (const outcome of ['ok', 'error']) cuts.remove({ model, version, reason, outcome })
    },
    requests: () => ({ total, failed }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
