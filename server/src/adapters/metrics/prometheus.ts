import { problemCodes } from '@roundhouse/sdk/contract'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { countLatency, createLatencyCounts } from '../../kit/latency.ts'
import type { MetricCounts, Metrics } from '../../ports/metrics.ts'

/** A reading taken when the metrics are asked for. */
export type Reading = {
  name: string
  help: string
  labels?: readonly string[]
  read(): Iterable<{ labels?: Record<string, string>; value: number }>
}

const clientClosed = problemCodes['client-closed'].status
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
  const runBegins = new Counter({
    name: 'roundhouse_runs_begun_total',
    help: 'Runs of agents that this process was the first to work on.',
    labelNames: ['mode'],
    registers,
  })
  const runEnds = new Counter({
    name: 'roundhouse_runs_ended_total',
    help: 'Runs of agents that ended here: done, failed or cancelled.',
    labelNames: ['mode', 'status'],
    registers,
  })
  const firstTokens = new Histogram({
    name: 'roundhouse_run_first_token_seconds',
    help: 'Time from the call of the model to its first token, in the first step of a run.',
    labelNames: ['mode'],
    buckets: [...seconds, 30, 60],
    registers,
  })
  const runEvents = new Counter({
    name: 'roundhouse_run_events_total',
    help: 'Events of runs that were written.',
    registers,
  })
  // Names of rules are their owners' to choose.
  const guardrailActs = new Counter({
    name: 'roundhouse_guardrail_acts_total',
    help: 'What rules of agents did to texts of runs.',
    labelNames: ['on', 'action'],
    registers,
  })
  // By provider: a model's name may be whatever a caller writes.
  const gatewayCalls = new Histogram({
    name: 'roundhouse_gateway_call_duration_seconds',
    help: 'Time of a call of a model that no run made; _count by status gives done, failed and cancelled.',
    labelNames: ['provider', 'operation', 'status'],
    buckets: [...seconds, 30, 60],
    registers,
  })
  const gatewayFirstTokens = new Histogram({
    name: 'roundhouse_gateway_first_token_seconds',
    help: 'Time from such a call to its first token, of streams.',
    labelNames: ['provider'],
    buckets: [...seconds, 30, 60],
    registers,
  })
  const gatewayTokens = new Counter({
    name: 'roundhouse_gateway_tokens_total',
    help: 'Tokens of such calls.',
    labelNames: ['provider', 'direction'],
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
  const latency = createLatencyCounts()
  const counts: { -readonly [Name in keyof MetricCounts]: MetricCounts[Name] } = {
    requests: 0,
    clientErrors: 0,
    serverErrors: 0,
    latency,
    runs: 0,
    failedRuns: 0,
    jobs: 0,
    failedJobs: 0,
  }

  return {
    request({ method, route, status, durationMs, isStream }) {
      const key = `${method} ${status} ${route}`
      let timer = requestTimers.get(key)
      if (!timer) {
        timer = requests.labels({ method, route, status: String(status) })
        requestTimers.set(key, timer)
      }
      timer.observe(durationMs / 1000)
      counts.requests += 1
      if (status >= 500) counts.serverErrors += 1
      else if (status >= 400 && status !== clientClosed) counts.clientErrors += 1
      if (!isStream) countLatency(latency, durationMs)
    },
    batch({ model, version, rows: count, computeMs, reason, ok }) {
      runs.observe({ model, version }, computeMs / 1000)
      rows.observe({ model, version }, count)
      cuts.inc({ model, version, reason, outcome: ok ? 'ok' : 'error' })
    },
    jobBegin: ({ kind, waitMs }) => jobWaits.observe({ kind }, waitMs / 1000),
    jobEnd({ kind, status }) {
      jobEnds.inc({ kind, status })
      counts.jobs += 1
      if (status === 'failed') counts.failedJobs += 1
    },
    runBegin: ({ mode }) => runBegins.inc({ mode }),
    runEnd({ mode, status, firstTokenMs }) {
      runEnds.inc({ mode, status })
      counts.runs += 1
      if (status === 'failed') counts.failedRuns += 1
      if (firstTokenMs !== null) firstTokens.observe({ mode }, firstTokenMs / 1000)
    },
    runEvents: count => runEvents.inc(count),
    guardrailAct: ({ on, action, count }) => guardrailActs.inc({ on, action }, count),
    gatewayCall({ provider, operation, status, durationMs, firstTokenMs, inputTokens, outputTokens }) {
      gatewayCalls.observe({ provider, operation, status }, durationMs / 1000)
      if (firstTokenMs !== null) gatewayFirstTokens.observe({ provider }, firstTokenMs / 1000)
      gatewayTokens.inc({ provider, direction: 'input' }, inputTokens)
      gatewayTokens.inc({ provider, direction: 'output' }, outputTokens)
    },
    forget(model, version) {
      runs.remove({ model, version })
      rows.remove({ model, version })
      for (const reason of ['drained', 'row-cap', 'shape'])
        for (const outcome of ['ok', 'error']) cuts.remove({ model, version, reason, outcome })
    },
    requests: () => ({ total: counts.requests, failed: counts.serverErrors }),
    counts,
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
