import type { LatencyCounts } from '../kit/latency.ts'

/** Where measurements go. Nothing here may throw or wait. */
export type Metrics = {
  request(request: {
    method: string
    route: string
    status: number
    durationMs: number
    /** It lasted as long as someone listened, which is no latency. */
    isStream: boolean
  }): void
  batch(batch: {
    model: string
    version: string
    rows: number
    requests: number
    computeMs: number
    reason: string
    ok: boolean
  }): void
  /** A job was begun for the first time, so long after it could have been. */
  jobBegin(job: { kind: string; waitMs: number }): void
  jobEnd(job: { kind: string; status: string }): void
  runBegin(run: { mode: string }): void
  /** `firstTokenMs` is null where none came. */
  runEnd(run: { mode: string; status: string; firstTokenMs: number | null }): void
  /** So many events of runs are durable. */
  runEvents(count: number): void
  /** A rule of an agent did so to a text, so often. */
  guardrailAct(act: { on: string; action: string; count: number }): void
  /** A call of a model that no run made. `firstTokenMs` is null where it was no stream, or nothing came. */
  gatewayCall(call: {
    provider: string
    operation: string
    status: string
    durationMs: number
    firstTokenMs: number | null
    inputTokens: number
    outputTokens: number
  }): void
  /** Drops what was measured of a version that is gone. */
  forget(model: string, version: string): void
  /** Answers since the start; `failed` are those with 5xx. */
  requests(): { total: number; failed: number }
  /** What goes on counting: who keeps it for later copies it. */
  readonly counts: MetricCounts
  /** Prometheus text. */
  text(): Promise<string>
  readonly contentType: string
}

/** Since the start of the process. */
export type MetricCounts = {
  readonly requests: number
  /** 4xx, without the 499 of clients that went away. */
  readonly clientErrors: number
  readonly serverErrors: number
  /** Of answers that are no streams. */
  readonly latency: Readonly<LatencyCounts>
  /** That ended, and those of them that failed. */
  readonly runs: number
  readonly failedRuns: number
  readonly jobs: number
  readonly failedJobs: number
}
